import CSandbox
import Glibc

/// What this process takes from itself for good before it reads anything untrusted: rights, files, network, signals, system
/// calls.
///
/// A document that takes the process over finds it without anything to go on with: it can compute, read fonts, and answer the
/// api. Each layer holds without the others, and each is the kernel's to refuse, in an old kernel or a container whose own
/// rules forbid to ask. Then the layers that are left have to do; the operator is told what is lost.
enum Sandbox {
    /// Call once, before the first thread, and when everything is open or loaded that `readablePaths` does not name.
    ///
    /// - Returns: what the kernel refused and what is lost by it, a sentence each, for the operator. The same for every
    ///   renderer of a container.
    static func enter(readablePaths: [String]) -> [String] {
        var losses: [String] = []
        func note(_ code: CInt, _ what: String, lost: String) {
            guard code != 0 else { return }
            losses.append("\(what) was refused (\(String(cString: strerror(code)))): \(lost)")
        }
        note(
            csandbox_give_up_privileges(), "giving up privileges",
            lost: "renderers keep what the container's user may do")
        note(
            Limits.forbidFilesAndProcesses(), "setting RLIMIT_FSIZE and RLIMIT_NPROC to 0",
            lost: "renderers rely on Landlock and seccomp alone not to write files and start processes")
        restrictFiles(to: readablePaths, note: note)
        note(
            csandbox_filter_system_calls(), "the seccomp filter",
            lost: "a document that takes a renderer over reaches the whole kernel, network included")
        return losses
    }

    private static func restrictFiles(to paths: [String], note: (CInt, String, String) -> Void) {
        let version = csandbox_landlock_version()
        guard version > 0 else {
            note(
                errno, "Landlock",
                "a document that takes a renderer over reads every file that the container's user may")
            return
        }
        let pointers = paths.map { UnsafePointer<CChar>(strdup($0)) }
        defer { pointers.forEach { free(UnsafeMutablePointer(mutating: $0)) } }
        let code = csandbox_restrict_files(pointers, pointers.count, version)
        note(code, "Landlock", "a document that takes a renderer over reads every file that the container's user may")
    }
}

import CFileCalls
import Glibc

/// An open file that has no name yet: when its last descriptor is closed, be it by SIGKILL, it is gone.
///
/// `O_TMPFILE` where the file system has it. Elsewhere (some network and FUSE file systems) it begins with a hidden
/// name, which is removed at once unless the file is to be published later.
final class TemporaryFile: Sendable {
    let descriptor: Int32
    private let folder: String
    /// The hidden name; nil where there is none, or no more.
    private let hiddenPath: String?

    /// - Parameters:
    ///   - mode: permission bits, whatever the umask says.
    ///   - isPublished: ``publish(as:)`` will be called.
    ///   - usesTemporaryFlag: false takes the way of file systems without `O_TMPFILE`.
    init(
        in folder: String, mode: mode_t, isPublished: Bool, usesTemporaryFlag: Bool = true
    ) throws(FileFailure) {
        self.folder = folder
        if usesTemporaryFlag {
            // For reading and writing: the flag refuses anything less than writing.
            let opened = open(folder, Self.temporaryFlag | O_RDWR | O_CLOEXEC, mode)
            if opened >= 0 {
                descriptor = opened
                hiddenPath = nil
                fchmod(opened, mode)
                return
            }
            // What kernels and file systems without the flag answer; any other error would come again below.
            guard [EISDIR, EOPNOTSUPP, EINVAL].contains(errno) else {
                throw FileFailure(action: "create a file", folder: folder, code: errno)
            }
        }
        let path = "\(folder)/.coxswain-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let opened = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode)
        guard opened >= 0 else { throw FileFailure(action: "create a file", folder: folder, code: errno) }
        fchmod(opened, mode)
        if !isPublished { unlink(path) }
        descriptor = opened
        hiddenPath = isPublished ? path : nil
    }

    deinit {
        if let hiddenPath { unlink(hiddenPath) }
        close(descriptor)
    }

    /// `O_TMPFILE` is an expression in the headers, which Swift does not import: the kernel's own bit and O_DIRECTORY.
    private static let temporaryFlag: Int32 = 0o20_000_000 | O_DIRECTORY

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            guard let count = retrying({ Glibc.write(descriptor, base, rest.count) }) else {
                throw FileFailure(action: "write a file", folder: folder, code: errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// Waits until the content is on the disk: a name must never appear before what it names.
    func synchronise() throws(FileFailure) {
        guard retrying({ Int(fsync(descriptor)) }) != nil else {
            throw FileFailure(action: "write a file", folder: folder, code: errno)
        }
    }

    /// Gives the file a name in its folder, in one step and only if that name is free.
    ///
    /// - Returns: false when the name is taken.
    func publish(as name: String) throws(FileFailure) -> Bool {
        let target = "\(folder)/\(name)"
        // Renamed where that can be done without replacing anything, so that the hidden name is not left after a kill.
        if let hiddenPath {
            if cox_rename_if_free(hiddenPath, target) == 0 { return true }
            if errno == EEXIST { return false }
        }
        let source = hiddenPath ?? "/proc/self/fd/\(descriptor)"
        // Follows the link in /proc; AT_EMPTY_PATH would need a capability.
        if linkat(AT_FDCWD, source, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileFailure(action: "name a file", folder: folder, code: errno)
    }
}

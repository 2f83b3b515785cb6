import CLinux
import Glibc

/// Starts programs without copying this process.
package enum Spawner {
    /// Starts `command[0]`, an absolute path, with exactly this environment and these descriptors.
    ///
    /// - Parameter descriptors: `descriptors[i]` becomes descriptor `i` of the program; all others are closed.
    /// - Returns: the process id.
    /// - Throws: ``SystemError`` with what clone or exec said.
    package static func spawn(
        _ command: [String], environment: [String: String], descriptors: [CInt]
    ) throws(SystemError) -> ProcessID {
        let arguments = CStrings(command)
        let variables = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let pid = cox_spawn(command[0], arguments.pointers, variables.pointers, descriptors, CInt(descriptors.count))
        guard pid > 0 else { throw SystemError("start \(command[0])") }
        return pid
    }

    /// A null-terminated array of C strings that lives as long as this object.
    private final class CStrings {
        private(set) var pointers: [UnsafeMutablePointer<CChar>?]

        init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }
        deinit { for pointer in pointers { if let pointer { free(pointer) } } }
    }
}

/// Finds a program the way execvp(3) does.
package enum ProgramPath {
    /// - Returns: the path of an executable regular file, or nil.
    package static func find(_ name: String, path: String) -> String? {
        if name.contains("/") { return isExecutable(name) ? name : nil }
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if isExecutable(candidate) { return candidate }
        }
        return nil
    }

    /// The folder that this program's own file lies in.
    package static func ownFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let path =
            length > 0
            ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : CommandLine.arguments[0]
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}

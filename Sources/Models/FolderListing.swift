import Glibc

/// What a folder holds.
enum FolderListing {
    /// Without `.` and `..`. Names that are no UTF-8 are left out: no path of ours can mean them.
    static func names(in folder: String) throws(FileFailure) -> [String] {
        try entries(in: Array(folder.utf8)).compactMap { String(validating: $0, as: UTF8.self) }
    }

    /// Without `.` and `..`: names in bytes, as the kernel has them.
    static func entries(in folder: [UInt8]) throws(FileFailure) -> [[UInt8]] {
        func failure() -> FileFailure {
            let code = errno
            return FileFailure("read the folder", String(decoding: folder, as: UTF8.self), code: code)
        }
        guard let directory = opendir(folder.map(CChar.init(bitPattern:)) + [0]) else { throw failure() }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw failure() }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
    }
}

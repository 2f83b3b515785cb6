import Glibc
package import Models

/// Folders and files of this machine, as sources and as the place where models are put together.
package enum LocalFiles {
    static let temporarySuffix = ".partial-copy"
    /// Most files of one model's folder.
    private static let maximumFiles = 10_000

    /// Without `.` and `..`. Names that are no UTF-8 are left out: no path of ours can mean them.
    private static func names(in folder: String) throws(FileFailure) -> [String] {
        guard let directory = opendir(folder) else { throw FileFailure("read the folder", folder, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw FileFailure("read the folder", folder, code: errno) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(validatingCString: $0) }
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
    }

    /// All files below a folder, with their sizes. A link to a file counts as one: Hugging Face's cache is made of them.
    static func list(_ folder: String) throws -> [ModelFile] {
        var files: [ModelFile] = []
        try list(folder, below: "", into: &files)
        return files
    }

    private static func list(_ folder: String, below: String, into files: inout [ModelFile]) throws {
        for name in try names(in: folder).sorted() {
            let relative = below.isEmpty ? name : "\(below)/\(name)"
            // Stamps, caches, and what a download left: never a model's.
            guard !name.hasPrefix("."), ModelPath.problem(relative) == nil else { continue }
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            if isLink, stat("\(folder)/\(name)", &status) != 0 { continue }
            switch status.st_mode & S_IFMT {
            case S_IFREG: files.append(ModelFile(path: relative, size: Int64(status.st_size)))
            // A linked folder may lead in circles.
            case S_IFDIR where !isLink: try list("\(folder)/\(name)", below: relative, into: &files)
            default: break
            }
            guard files.count <= maximumFiles else { throw Unavailable("it has more than \(maximumFiles) files") }
        }
    }

    static func manifest(_ path: String) throws -> ModelManifest {
        let bytes = try read(path, atMost: 4 << 20)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Unavailable("\(path) is no UTF-8") }
        return try ModelManifest(toml: text, file: path)
    }

    private static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure("read", path, code: errno) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Unavailable("\(path) is larger than \(limit) bytes") }
        }
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try read(path, atMost: 1 << 16), as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws(FileFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileFailure("make", path, code: errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw FileFailure("write", path, code: errno == 0 ? EIO : errno)
        }
    }

    /// The folders of a file that is to be made. None of them is followed out of the staging folder: nobody else writes there.
    static func makeFolders(above relative: String, in folder: String) throws(FileFailure) {
        var path = folder
        for part in relative.split(separator: "/").dropLast() {
            path += "/\(part)"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw FileFailure("make the folder", path, code: errno)
            }
        }
    }

    /// `mkdir -p`.
    package static func makeFolder(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        let code = errno
        guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw FileFailure("make the folder", path, code: code)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileFailure("make the folder", path, code: errno)
        }
    }

    /// Removes what a staging folder holds beyond the files of the model: notes of downloads, and files of another revision.
    static func sweep(_ folder: String, keeping kept: Set<String>, below: String = "") throws(FileFailure) {
        let place = below.isEmpty ? folder : "\(folder)/\(below)"
        for name in try names(in: place) {
            let relative = below.isEmpty ? name : "\(below)/\(name)"
            var status = stat()
            guard lstat("\(folder)/\(relative)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try sweep(folder, keeping: kept, below: relative)
                // Not empty where something of it is kept.
                rmdir("\(folder)/\(relative)")
            } else if !kept.contains(relative) {
                guard unlink("\(folder)/\(relative)") == 0 else {
                    throw FileFailure("remove", "\(folder)/\(relative)", code: errno)
                }
            }
        }
    }

    /// Size of a regular file; nil where there is none.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// Bytes of the files below a folder, as far as they are on the disk.
    static func bytes(below folder: String) -> Int64 {
        var sum: Int64 = 0
        for name in (try? names(in: folder)) ?? [] {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: sum += bytes(below: "\(folder)/\(name)")
            // A part may have holes; blocks are of 512 bytes.
            case S_IFREG: sum += min(Int64(status.st_size), Int64(status.st_blocks) * 512)
            default: break
            }
        }
        return sum
    }
}

import Glibc

/// A folder for one test, removed with all its files afterwards.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = "/tmp/coxswain-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        mkdir(path, 0o700)
    }

    deinit { remove("") }

    private func remove(_ relative: String) {
        for name in names(in: relative) where unlink("\(path)/\(relative)/\(name)") != 0 {
            remove("\(relative)/\(name)")
        }
        rmdir("\(path)/\(relative)")
    }

    var names: [String] { names(in: "") }

    /// What is in a folder below, hidden files too, sorted.
    func names(in relative: String) -> [String] {
        guard let folder = opendir("\(path)/\(relative)") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func content(of name: String) -> String? {
        let descriptor = open("\(path)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return readAll(descriptor)
    }

    func mode(of name: String) -> mode_t? {
        var information = stat()
        return stat("\(path)/\(name)", &information) == 0 ? information.st_mode & 0o7777 : nil
    }

    func write(_ text: String, as name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
    }
}

/// Everything in an open file, from its beginning.
func readAll(_ descriptor: CInt) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
        if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

import Glibc
import TestSupport

extension TestFolder {
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

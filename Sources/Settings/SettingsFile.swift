import Glibc
import TOML

/// Reads a settings file, or an engine profile, from a disk on which anything may lie under its name.
package enum SettingsFile {
    /// Far above what anybody writes; the file is read by PID 1, again at every reload.
    package static let largest = 1 << 20

    /// - Returns: its text; nil where there is nothing of that name.
    /// - Throws: ``SettingsProblem`` for what is there and is no settings file.
    package static func read(_ path: String) throws(SettingsProblem) -> String? {
        func problem(_ message: String) -> SettingsProblem { SettingsProblem(file: path, line: nil, message: message) }
        // O_NONBLOCK: to open a FIFO would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw problem(reason(code))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(String(cString: strerror(errno))) }
        // Devices too: /dev/null says that there are none.
        guard [S_IFREG, S_IFCHR].contains(status.st_mode & S_IFMT) else {
            throw problem("this is \(kind(status.st_mode)), and no file: settings are read from a file alone")
        }
        guard status.st_size <= largest else {
            throw problem("the file has \(status.st_size) bytes: settings have at most \(largest)")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let length = Glibc.read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { throw problem(String(cString: strerror(errno))) }
            if length == 0 { break }
            bytes += chunk[..<length]
            // It may grow while it is read.
            guard bytes.count <= largest else { throw problem("settings have at most \(largest) bytes") }
        }
        return try text(bytes, file: path)
    }

    /// - Throws: ``SettingsProblem`` for bytes that are no UTF-8, with the place of the first.
    package static func text(_ bytes: [UInt8], file: String) throws(SettingsProblem) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let offset = firstInvalid(bytes)
        let (line, column) = TextLines(bytes).position(of: offset)
        let isWide = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        throw SettingsProblem(
            file: file, line: line, column: column,
            message: isWide
                ? "the file is UTF-16: settings are written in UTF-8"
                : "the byte 0x\(String(bytes[offset], radix: 16)) is no UTF-8, in which settings are written")
    }

    private static func firstInvalid(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return min(offset, bytes.count - 1)
    }

    private static func reason(_ code: CInt) -> String {
        switch code {
        case ELOOP: "the symbolic link leads in a circle"
        case EACCES: "uid \(geteuid()) may not read it: \(String(cString: strerror(code)))"
        case ENXIO: "this is a socket, and no file: settings are read from a file alone"
        default: String(cString: strerror(code))
        }
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFBLK: "a disk"
        default: "something else"
        }
    }
}

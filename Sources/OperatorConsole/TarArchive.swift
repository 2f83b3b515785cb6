/// Writes an archive that every tar(1) reads: POSIX.1-1988 ustar, regular files only.
package struct TarArchive: Sendable {
    private var bytes: [UInt8] = []
    /// Modification time of everything in it, seconds since 1970.
    private let time: Int

    package struct NameTooLong: Error {}

    package init(time: Double) { self.time = Int(max(0, min(time, 8_589_934_591))) }

    /// - Parameter path: relative, with `/` between folders, at most 255 bytes in all and 100 in its last part.
    package mutating func add(_ path: String, _ content: [UInt8]) throws(NameTooLong) {
        guard let (prefix, name) = Self.split(path) else { throw NameTooLong() }
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, at: 0)
        put("0000600\0", at: 100)
        // Nobody's in particular: who unpacks it owns it.
        put("0000000\0", at: 108)
        put("0000000\0", at: 116)
        put(Self.octal(content.count, 11) + "\0", at: 124)
        put(Self.octal(time, 11) + "\0", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        put("root", at: 265)
        put("root", at: 297)
        put(prefix, at: 345)
        // The sum of the header with spaces in the place of the sum.
        let sum = header.reduce(0) { $0 + Int($1) }
        put(Self.octal(sum, 6) + "\0 ", at: 148)
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The whole archive, filled up to the record size that tar expects.
    package var data: [UInt8] {
        let end = bytes.count + 1024
        return bytes + [UInt8](repeating: 0, count: 1024 + (10240 - end % 10240) % 10240)
    }

    private static func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func split(_ path: String) -> (prefix: String, name: String)? {
        if path.utf8.count <= 100 { return ("", path) }
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let (prefix, name) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
        return prefix.utf8.count <= 155 && !name.isEmpty && name.utf8.count <= 100 ? (prefix, name) : nil
    }
}

/// What came back: the status line of HTTP/1.1 (RFC 9112, section 4) and the first line of the body.
package struct ProbeResponse: Sendable, Equatable {
    package var status: Int
    /// Without control characters, and never longer than ``longestLine`` bytes of UTF-8; empty for an empty body.
    package var line: String

    /// An answer to a probe is a line; what is longer than this is none of ours, and is not read to its end.
    package static let longestAnswer = 64 << 10
    static let longestLine = 1000

    /// - Parameter bytes: everything up to the end of the connection, or its beginning.
    /// - Returns: nil for what does not begin like HTTP.
    package init?(_ bytes: [UInt8]) {
        // HTTP-version SP status-code, and then a space, or the end of the line where the reason is left out.
        guard bytes.count >= 12, bytes.starts(with: Array("HTTP/1.".utf8)), bytes[8] == 0x20 else { return nil }
        var status = 0
        for byte in bytes[9..<12] {
            guard (0x30...0x39).contains(byte) else { return nil }
            status = status * 10 + Int(byte - 0x30)
        }
        guard status >= 100, bytes.count == 12 || [0x20, 0x0D, 0x0A].contains(bytes[12]) else { return nil }
        self.status = status
        line = Self.firstLine(bytes[(Self.bodyStart(bytes) ?? bytes.endIndex)...])
    }

    /// Whether `bytes` hold the whole answer, as far as its `Content-Length` tells.
    static func isComplete(_ bytes: [UInt8]) -> Bool {
        guard let start = bodyStart(bytes) else { return false }
        for field in bytes[..<start].split(separator: 0x0A) {
            guard let colon = field.firstIndex(of: 0x3A),
                String(decoding: field[..<colon], as: UTF8.self).lowercased() == "content-length"
            else { continue }
            let digits = field[field.index(after: colon)...].filter { $0 > 0x20 }
            guard let length = Int(String(decoding: digits, as: UTF8.self)), length >= 0 else { return false }
            return bytes.count - start >= length
        }
        return false
    }

    /// The first byte after the empty line that ends the header fields.
    private static func bodyStart(_ bytes: [UInt8]) -> Int? {
        var index = 0
        while let end = bytes[index...].firstIndex(of: 0x0A) {
            let next = end + 1
            if next < bytes.count, bytes[next] == 0x0A { return next + 1 }
            if next + 1 < bytes.count, bytes[next] == 0x0D, bytes[next + 1] == 0x0A { return next + 2 }
            index = next
        }
        return nil
    }

    private static func firstLine(_ body: ArraySlice<UInt8>) -> String {
        let line = body.prefix(longestLine).prefix { $0 != 0x0A }
        let text = String(decoding: line, as: UTF8.self).unicodeScalars
            .filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        return String(String.UnicodeScalarView(text))
    }
}

/// Cuts a stream of bytes into lines, in bounded memory.
///
/// A carriage return ends a line too, as progress bars use it. A line longer than the limit is cut with a mark, and the
/// rest of it is counted and thrown away. What is no UTF-8, and control characters, are made visible.
package struct LineSplitter: Sendable {
    private var line: [UInt8] = []
    private var cut = 0
    private let limit: Int

    /// - Parameter limit: longest line that is kept, in bytes.
    package init(limit: Int = 8192) { self.limit = limit }

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == 0x0A || byte == 0x0D {
                if let text = take() { lines.append(text) }
            } else if line.count < limit {
                line.append(byte)
            } else {
                cut += 1
            }
        }
        return lines
    }

    /// What has come since the last line end. A progress bar that begins each drawing with a carriage return stands here
    /// until the next one.
    package var pending: String? { line.isEmpty ? nil : Self.visible(line) }

    /// What came after the last line end; for the end of the stream.
    package mutating func finish() -> String? { take() }

    private mutating func take() -> String? {
        guard !line.isEmpty else { return nil }
        var text = Self.visible(line)
        if cut > 0 { text += "… (\(cut) bytes cut)" }
        line.removeAll(keepingCapacity: true)
        cut = 0
        return text
    }

    /// Drops terminal colour sequences, and writes other control characters as `\xNN`.
    private static func visible(_ bytes: [UInt8]) -> String {
        let plain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        let text = String(decoding: bytes, as: UTF8.self)
        guard !plain else { return text }
        var result = ""
        var escape = false
        for scalar in text.unicodeScalars {
            if escape {
                // CSI: parameters and intermediates up to one final byte (ECMA-48 §5.4).
                if ("@"..."~").contains(scalar), scalar != "[" { escape = false }
            } else if scalar == "\u{1B}" {
                escape = true
            } else if scalar == "\t" || (scalar.value >= 0x20 && scalar.value != 0x7F) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" + digits : digits)
            }
        }
        return result
    }
}

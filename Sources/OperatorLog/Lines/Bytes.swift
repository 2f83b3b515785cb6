import Glibc

/// What reading a line needs of its UTF-8 bytes. Positions are offsets; every piece is cut beside ASCII, so that a piece
/// of valid UTF-8 is valid.
extension Span<UInt8> {
    /// Where the byte stands first, from a position on.
    func first(_ byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count else { return nil }
        return withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress, let hit = memchr(base + start, Int32(byte), buffer.count - start)
            else {
                return nil
            }
            return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
        }
    }

    /// Where the text stands first, from a position on. Looked for by its first capital, the rarest of letters in a log, or
    /// else by its first byte.
    func first(_ text: StaticString, from start: Int = 0) -> Int? {
        let length = text.utf8CodeUnitCount
        return withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress, start >= 0, start + length <= buffer.count else { return nil }
            let wanted = text.utf8Start
            var anchor = 0
            while anchor < length, !wanted[anchor].isUpper { anchor += 1 }
            if anchor == length { anchor = 0 }
            var position = start + anchor
            let end = buffer.count - length + anchor + 1
            while position < end, let hit = memchr(base + position, Int32(wanted[anchor]), end - position) {
                position = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
                if memcmp(base + position - anchor, wanted, length) == 0 { return position - anchor }
                position += 1
            }
            return nil
        }
    }

    /// Where the text stands last, not before a position.
    func last(_ text: StaticString, from start: Int = 0) -> Int? {
        var found: Int?
        var position = start
        while let hit = first(text, from: position) {
            found = hit
            position = hit + 1
        }
        return found
    }

    func has(_ text: StaticString, at position: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position >= 0, position + length <= count else { return false }
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return length == 0 }
            return memcmp(base + position, text.utf8Start, length) == 0
        }
    }

    /// As ``has(_:at:)``, whatever the case of ASCII letters.
    /// - Parameter text: in lower case.
    func hasFolded(_ text: StaticString, at position: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position >= 0, position + length <= count else { return false }
        return text.withUTF8Buffer { wanted in
            for offset in 0..<length where self[position + offset].lowercase != wanted[offset] { return false }
            return true
        }
    }

    func has(_ bytes: [UInt8], at position: Int) -> Bool {
        guard position + bytes.count <= count else { return false }
        return withUnsafeBufferPointer { buffer in
            bytes.withUnsafeBufferPointer { wanted in
                guard let base = buffer.baseAddress, let other = wanted.baseAddress else { return wanted.isEmpty }
                return memcmp(base + position, other, wanted.count) == 0
            }
        }
    }

    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBufferPointer { buffer in
            other.withUnsafeBufferPointer { wanted in
                guard let base = buffer.baseAddress, let other = wanted.baseAddress else { return true }
                return memcmp(base, other, buffer.count) == 0
            }
        }
    }

    /// The byte there, or nil behind the end and before the start.
    func byte(_ position: Int) -> UInt8? { position >= 0 && position < count ? self[position] : nil }

    /// The first position from `start` on whose byte is another.
    func skip(_ byte: UInt8, from start: Int) -> Int {
        var position = start
        while position < count, self[position] == byte { position += 1 }
        return position
    }

    /// The first position from `start` on whose byte does not satisfy the condition.
    func skip(from start: Int, while condition: (UInt8) -> Bool) -> Int {
        var position = start
        while position < count, condition(self[position]) { position += 1 }
        return position
    }

    /// The first position of the piece that ends before `end` and whose bytes all satisfy the condition.
    func skipBack(from end: Int, notBefore least: Int = 0, while condition: (UInt8) -> Bool) -> Int {
        var position = end
        while position > least, condition(self[position - 1]) { position -= 1 }
        return position
    }

    /// Without the spaces and tabs at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return start..<end
    }

    /// Adds a piece to other bytes.
    func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
        withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
    }

    func text(_ range: Range<Int>) -> String {
        withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
    }

    /// The unsigned number that the digits from `start` on write, and where they end; nil without one, or when it is too
    /// long.
    func number(from start: Int) -> (value: Int, end: Int)? {
        var position = start
        var value = 0
        while position < count, self[position].isDigit {
            guard position - start < 18 else { return nil }
            value = value * 10 + Int(self[position] - UInt8(ascii: "0"))
            position += 1
        }
        return position > start ? (value, position) : nil
    }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
    var isUpper: Bool { self &- UInt8(ascii: "A") < 26 }
    var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }
    var isAlphanumeric: Bool { isLetter || isDigit }
    /// What Python and others take into names.
    var isIdentifier: Bool { isAlphanumeric || self == UInt8(ascii: "_") }
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isQuote: Bool { self == UInt8(ascii: "'") || self == UInt8(ascii: "\"") }
    var lowercase: UInt8 { isUpper ? self | 0x20 : self }
}

extension String {
    /// At most so many bytes, cut between two characters (scalars), with a mark.
    func cut(to limit: Int, mark: String = "…") -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + mark
    }
}

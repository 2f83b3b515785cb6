/// Pictures and other data in base64 (RFC 4648).
enum EncodedData {
    /// Shorter ones may be anything.
    private static let least = 100
    /// Where nothing else stands in the text: a line of PEM or MIME.
    private static let leastAlone = 60

    /// The next long run of base64. A position that is not in the alphabet ends all runs over it, so that ordinary text is
    /// tried once each hundred bytes.
    static func next(_ text: Span<UInt8>, _ start: Int) -> Range<Int>? {
        guard text.count - start >= leastAlone else { return nil }
        if start == 0 {
            let all = text.trimmed(0..<text.count)
            if (leastAlone..<least).contains(all.count),
                text.skip(from: all.lowerBound, while: isAlphabet) >= all.upperBound,
                isMixed(text, all)
            {
                return all
            }
        }
        var position = start + least - 1
        while position < text.count {
            guard isAlphabet(text[position]) else {
                position += least
                continue
            }
            let first = text.skipBack(from: position, notBefore: start, while: isAlphabet)
            let end = text.skip(from: position, while: isAlphabet)
            if end - first >= least, isMixed(text, first..<end) { return first..<end }
            position = end + least
        }
        return nil
    }

    /// `data:image/png;base64,…`; what it is stays.
    ///
    /// - Parameter colon: behind the scheme.
    static func dataURL(_ text: Span<UInt8>, _ colon: Int) -> (range: Range<Int>, text: String)? {
        guard text.hasFolded("data", at: colon - 4), let comma = text.first(UInt8(ascii: ","), from: colon),
            comma < colon + 120, text.skip(from: colon + 1, while: isMediaType) == comma
        else { return nil }
        let end = text.skip(from: comma + 1) {
            isAlphabet($0) || $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: ".")
        }
        return end - comma > 1 ? ((comma + 1)..<end, Privacy.mark(end - comma - 1)) : nil
    }

    private static func isMediaType(_ byte: UInt8) -> Bool {
        byte.isIdentifier
            || [
                UInt8(ascii: "/"), UInt8(ascii: ";"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "="),
                UInt8(ascii: "."),
            ]
            .contains(byte)
    }

    /// Both alphabets.
    private static func isAlphabet(_ byte: UInt8) -> Bool {
        byte.isIdentifier || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
            || byte == UInt8(ascii: "-")
    }

    /// Whether it looks like data: names, paths, rules and digests have not all kinds of letters, or many separators. (`_Z`
    /// begins the names of C++ functions.)
    private static func isMixed(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var (upper, lower, digits, separators) = (0, 0, 0, 0)
        for position in range {
            let byte = text[position]
            if byte.isUpper {
                upper += 1
            } else if byte.isLetter {
                lower += 1
            } else if byte.isDigit {
                digits += 1
            } else {
                separators += 1
            }
        }
        // Of random base64, 40 % are capitals, as many small letters, 16 % digits, 3 % the rest.
        let count = range.count
        // A picture of one colour has long runs of one letter.
        let isPlain = upper > count / 2 && lower + digits > 0
        let isRandom = upper * 10 > count && lower * 10 > count && digits > 0
        return separators * 8 < count && (isRandom || isPlain) && !text.has("_Z", at: range.lowerBound)
    }
}

/// Names of documents and pictures, by how they end: `'/workspace/output/Some Name/page 1.png'` becomes `'[….png]'`, with
/// its folders, since a result's folder has its document's name.
enum DocumentName {
    private static let kinds: [StaticString] = ["pdf", "png", "jpg", "jpeg", "tif", "tiff", "webp", "gif", "bmp", "md"]
    /// How far a name may reach back, in bytes, and how many words of it may stand in front without a quote or a path.
    private static let longest = 1024
    private static let longestPath = 400
    private static let mostWords = 8

    /// - Parameters:
    ///   - dot: what may stand in front of a kind of document.
    ///   - from: what stands before it is masked already.
    static func find(_ text: Span<UInt8>, _ dot: Int, from: Int) -> (range: Range<Int>, text: String)? {
        guard let first = text.byte(dot + 1), dot > 0 else { return nil }
        switch first | 0x20 {
        case UInt8(ascii: "p"), UInt8(ascii: "j"), UInt8(ascii: "t"), UInt8(ascii: "w"), UInt8(ascii: "g"),
            UInt8(ascii: "b"), UInt8(ascii: "m"):
            break
        default: return nil
        }
        guard let end = kindEnd(text, dot), let start = start(text, dot, end, from), start < dot else { return nil }
        return (start..<end, "[…" + text.text(dot..<end) + "]")
    }

    private static func kindEnd(_ text: Span<UInt8>, _ dot: Int) -> Int? {
        let end = text.skip(from: dot + 1) { $0.isIdentifier }
        let length = end - dot - 1
        guard (2...4).contains(length) else { return nil }
        if kinds.contains(where: { $0.utf8CodeUnitCount == length && text.hasFolded($0, at: dot + 1) }) { return end }
        // Results; elsewhere it is configuration.
        guard length == 4, text.hasFolded("json", at: dot + 1) else { return nil }
        let folder = text.first("output/", from: max(0, dot - longestPath))
        return folder.map { $0 < dot } ?? false ? end : nil
    }

    private static func start(_ text: Span<UInt8>, _ dot: Int, _ end: Int, _ from: Int) -> Int? {
        let least = max(from, dot - longest)
        // In quotes: all of it.
        if let quote = text.byte(end), quote.isQuote || quote == UInt8(ascii: "`") {
            let open = text.skipBack(from: dot, notBefore: least) { $0 != quote }
            if open > least { return open }
        }
        let word = text.skipBack(from: dot, notBefore: least) { !isEdge($0) }
        guard word > from, text[word - 1] == UInt8(ascii: " ") else { return word }
        if let byte = text.byte(word),
            byte == UInt8(ascii: "/") || text.first("://", from: word).map({ $0 < dot }) ?? false
        {
            return word
        }
        // A path with spaces in it, or a name of several words.
        return path(text, word, from) ?? words(text, word, from)
    }

    /// The nearest ` /` or `://` in front, where nothing says that a sentence lies in between.
    private static func path(_ text: Span<UInt8>, _ word: Int, _ from: Int) -> Int? {
        var position = word - 1
        let least = max(from, word - longestPath)
        while position >= least {
            let byte = text[position]
            if byte.isQuote || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") { return nil }
            if byte == UInt8(ascii: ":"), text.byte(position + 1) == UInt8(ascii: " ") { return nil }
            if byte == UInt8(ascii: "/"), position == 0 || isEdge(text[position - 1]) { return position }
            if text.has("://", at: position) { return text.skipBack(from: position, notBefore: least) { $0.isLetter } }
            position -= 1
        }
        return nil
    }

    /// With the words in front that look like parts of a name: those that begin with a capital, a digit, or beyond ASCII.
    private static func words(_ text: Span<UInt8>, _ word: Int, _ from: Int) -> Int {
        var start = word
        for _ in 0..<mostWords {
            guard start > from + 1, text[start - 1] == UInt8(ascii: " ") else { break }
            let end = start - 1
            let before = text.skipBack(from: end, notBefore: max(from, end - 60)) { !isEdge($0) }
            guard before < end, text[end - 1] != UInt8(ascii: ":"), text[end - 1] != UInt8(ascii: ";") else { break }
            let first = text[before]
            guard first.isUpper || first.isDigit || first >= 0x80 || isPunctuation(first) else { break }
            start = before
        }
        return start
    }

    /// What else a word of a name may begin with.
    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "&"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "#"):
            true
        default: false
        }
    }

    /// What ends a word.
    private static func isEdge(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), 0x09, 0x0A, UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: "="), UInt8(ascii: "|"):
            true
        default: false
        }
    }
}

/// One line of a service's log as the diagnosis reads it: what it says, without who says it and when.
///
/// Understands what vLLM (`(EngineCore pid=7) ERROR 11-22 10:00:00 [core.py:1510] …`), uvicorn (`INFO:     …`),
/// Python's
/// warnings, glog (`[W1122 …`, `E1122 …`), time-first formats and our own programs' JSON write.
struct LogLine: Sendable, Equatable {
    /// How loud a line is. A line without a level (a traceback, a loader's complaint) counts for almost as much as
    /// an error.
    enum Level: Int, Sendable, Comparable {
        case debug, info, warning, unmarked, error

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// The process that vLLM names in front, e.g. `EngineCore` or `VllmWorker-0`.
    private(set) var process: String?
    private(set) var level = Level.unmarked
    /// What is left without the front: no control characters, its indentation kept.
    private(set) var text = ""
    /// `text` in lower case (ASCII) behind one space, so that a phrase that begins with a space finds a first word too.
    private(set) var folded: [UInt8] = []

    /// Longer lines are cut: causes stand in front, and a line may hold anything.
    private static let longest = 4096

    init(_ raw: String) {
        var rest = Self.printable(raw)[...]
        // A worker's line may come with the prefix of the engine that passed it on.
        for _ in 0..<2 { process = Self.takeProcess(&rest) ?? process }
        level = Self.takeLevel(&rest)
        if level == .error, rest.first == UInt8(ascii: "{"), let message = Self.jsonString("message", in: rest) {
            rest = message[...]
        }
        text = String(decoding: rest, as: UTF8.self)
        folded.reserveCapacity(rest.count + 1)
        folded.append(UInt8(ascii: " "))
        for byte in rest { folded.append(Self.isUpper(byte) ? byte | 0x20 : byte) }
    }

    /// A frame of a traceback, or the source line or the markers below it: it quotes a program and says nothing itself.
    var isQuoted: Bool { text.hasPrefix("    ") || text.hasPrefix("  File \"") }

    /// For people: trimmed, at most `limit` characters.
    func excerpt(_ limit: Int) -> String { Self.cut(text, limit) }

    /// Without the spaces around it, and at most `limit` characters, the last of them then `…`.
    static func cut(_ text: String, _ limit: Int) -> String {
        var trimmed = text[...]
        while trimmed.first == " " { trimmed.removeFirst() }
        while trimmed.last == " " { trimmed.removeLast() }
        guard let end = trimmed.index(trimmed.startIndex, offsetBy: limit, limitedBy: trimmed.endIndex),
            end < trimmed.endIndex
        else { return String(trimmed) }
        return trimmed[..<trimmed.index(before: end)] + "…"
    }

    // MARK: Parts

    /// Bytes without terminal colours; other control characters become spaces.
    private static func printable(_ raw: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var escaped = false
        for byte in raw.utf8.prefix(longest) {
            if escaped {
                // `ESC [ … letter`
                escaped = byte == UInt8(ascii: "[") || byte == UInt8(ascii: ";") || isDigit(byte)
            } else if byte == 0x1b {
                escaped = true
            } else {
                bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes
    }

    /// Takes `(NAME pid=N) ` off the front.
    private static func takeProcess(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: "("), let close = rest.prefix(80).firstIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let words = rest[(rest.startIndex + 1)..<close].split(separator: UInt8(ascii: " "))
        guard words.count == 2, words[1].starts(with: "pid=".utf8), words[1].dropFirst(4).allSatisfy(isDigit) else {
            return nil
        }
        rest = rest[(close + 1)...]
        if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        return String(decoding: words[0], as: UTF8.self)
    }

    private static let levels: [(word: StaticString, level: Level)] = [
        ("ERROR", .error), ("CRITICAL", .error), ("FATAL", .error), ("WARNING", .warning), ("WARN", .warning),
        ("INFO", .info), ("DEBUG", .debug), ("TRACE", .debug),
    ]

    /// The level that the front of a line tells; takes what vLLM and uvicorn write before their message off.
    private static func takeLevel(_ rest: inout ArraySlice<UInt8>) -> Level {
        guard let first = rest.first else { return .unmarked }
        if first == UInt8(ascii: "{"), let word = jsonString("level", in: rest) {
            return level(named: word.map { $0 & ~0x20 }) ?? .unmarked
        }
        let word = rest.prefix { isUpper($0) }
        if let level = level(named: word), let after = rest.dropFirst(word.count).first,
            after == UInt8(ascii: " ") || after == UInt8(ascii: ":")
        {
            rest = rest.dropFirst(word.count + 1)
            takeHeader(&rest)
            return level
        }
        if let level = glogLevel(rest) { return level }
        if first == UInt8(ascii: "[") || isDigit(first) {
            let words = rest.prefix(80).split { !isUpper($0) && !isLower($0) && !isDigit($0) }
            if let level = words.lazy.compactMap({ level(named: $0) }).first { return level }
        }
        return isPythonWarning(rest) ? .warning : .unmarked
    }

    /// vLLM's `MM-DD HH:MM:SS [file.py:LINE] ` or uvicorn's padding.
    private static func takeHeader(_ rest: inout ArraySlice<UInt8>) {
        if rest.prefix(32).contains(UInt8(ascii: "[")), let first = rest.first, isDigit(first),
            let close = rest.prefix(120).firstIndex(of: UInt8(ascii: "]"))
        {
            rest = rest[(close + 1)...]
            if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        } else {
            rest = rest.drop { $0 == UInt8(ascii: " ") }
        }
    }

    private static func level(named word: some Collection<UInt8>) -> Level? {
        levels.first { entry in
            entry.word.utf8CodeUnitCount == word.count
                && entry.word.withUTF8Buffer { $0.elementsEqual(word) }
        }?.level
    }

    /// `[W1122 08:37:38… utils.cpp:68]`, also behind `[rank0]:`, or `E1122 08:37:38 …`.
    private static func glogLevel(_ line: ArraySlice<UInt8>) -> Level? {
        var rest = line
        if rest.starts(with: "[rank".utf8), let colon = rest.prefix(16).firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...]
        }
        if rest.first == UInt8(ascii: "[") { rest = rest.dropFirst() }
        guard rest.count > 5, rest.dropFirst().prefix(4).allSatisfy(isDigit),
            rest[rest.startIndex + 5] == UInt8(ascii: " ")
        else { return nil }
        switch rest.first {
        case UInt8(ascii: "I"): return .info
        case UInt8(ascii: "W"): return .warning
        case UInt8(ascii: "E"), UInt8(ascii: "F"): return .error
        default: return nil
        }
    }

    /// `/path/file.py:138: FutureWarning: …`, or a line that begins with `Warning:`.
    private static func isPythonWarning(_ line: ArraySlice<UInt8>) -> Bool {
        let head = line.prefix(300)
        var words = head.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: true)
        guard let place = words.first else { return false }
        if words.count > 1, place.last == UInt8(ascii: ":"), place.contains(UInt8(ascii: ":")),
            place.contains(UInt8(ascii: "."))
        {
            words.removeFirst()
        }
        return words.first.map { $0.suffix(8).elementsEqual("Warning:".utf8) } ?? false
    }

    /// A string member of an object on one line, read without a parser: `"name":"…"`. Escapes become what they stand
    /// for where
    /// that is simple, else a space.
    private static func jsonString(_ name: String, in line: ArraySlice<UInt8>) -> [UInt8]? {
        let key = Array("\"\(name)\":\"".utf8)
        guard var index = line.firstIndex(of: key) else { return nil }
        index += key.count
        var value: [UInt8] = []
        while index < line.endIndex, line[index] != UInt8(ascii: "\"") {
            guard line[index] == UInt8(ascii: "\\") else {
                value.append(line[index])
                index += 1
                continue
            }
            index += 1
            guard index < line.endIndex else { break }
            let plain = [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/")].contains(line[index])
            value.append(plain ? line[index] : UInt8(ascii: " "))
            index += line[index] == UInt8(ascii: "u") ? 5 : 1
        }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
}

extension ArraySlice<UInt8> {
    /// Where `needle` begins for the first time.
    func firstIndex(of needle: [UInt8]) -> Int? {
        guard let first = needle.first, count >= needle.count else { return nil }
        var from = startIndex
        while let start = self[from...].firstIndex(of: first), start + needle.count <= endIndex {
            if self[start..<(start + needle.count)].elementsEqual(needle) { return start }
            from = start + 1
        }
        return nil
    }
}

extension String {
    /// Where `needle` begins for the first time.
    func firstIndex(of needle: String) -> String.Index? {
        let bytes = Array(utf8)[...]
        return bytes.firstIndex(of: Array(needle.utf8)).map { utf8.index(utf8.startIndex, offsetBy: $0) }
    }
}

/// Many phrases looked for in one pass over a line: a phrase is compared only where its first two bytes stand.
struct PhraseIndex: Sendable {
    private let phrases: [[UInt8]]
    /// By first byte: indices into `phrases`.
    private let beginningWith: [[Int]]

    init(_ phrases: [String]) {
        self.phrases = phrases.map { Array($0.utf8) }
        var table = Array(repeating: [Int](), count: 256)
        for (index, phrase) in self.phrases.enumerated() where phrase.count > 1 { table[Int(phrase[0])].append(index) }
        beginningWith = table
    }

    /// - Parameter folded: the line in lower case.
    /// - Returns: the indices of the phrases that stand in it.
    func found(in folded: [UInt8]) -> Set<Int> {
        var found: Set<Int> = []
        for start in folded.indices.dropLast() {
            for index in beginningWith[Int(folded[start])] {
                let phrase = phrases[index]
                guard folded[start + 1] == phrase[1], start + phrase.count <= folded.count,
                    folded[start..<(start + phrase.count)].elementsEqual(phrase)
                else { continue }
                found.insert(index)
            }
        }
        return found
    }
}

/// The words for levels, as Python's `logging`, loguru, swift-log, tracing, glog and NCCL have them.
enum LevelWord {
    /// - Returns: nil for any other word.
    static func level(_ line: Span<UInt8>, _ word: Range<Int>) -> Record.Level? {
        guard (3...8).contains(word.count) else { return nil }
        func matches(_ text: StaticString) -> Bool { line.hasFolded(text, at: word.lowerBound) }
        switch (word.count, line[word.lowerBound] | 0x20) {
        case (4, UInt8(ascii: "i")): return matches("info") ? .info : nil
        case (7, UInt8(ascii: "w")): return matches("warning") ? .warning : nil
        case (5, UInt8(ascii: "e")): return matches("error") ? .error : nil
        case (5, UInt8(ascii: "d")): return matches("debug") ? .debug : nil
        case (4, UInt8(ascii: "w")): return matches("warn") ? .warning : nil
        case (8, UInt8(ascii: "c")): return matches("critical") ? .error : nil
        case (5, UInt8(ascii: "f")): return matches("fatal") ? .error : nil
        case (5, UInt8(ascii: "t")): return matches("trace") ? .debug : nil
        case (6, UInt8(ascii: "n")): return matches("notice") ? .info : nil
        case (7, UInt8(ascii: "s")): return matches("success") ? .info : nil
        case (7, UInt8(ascii: "v")): return matches("verbose") ? .debug : nil
        case (5, UInt8(ascii: "p")): return matches("panic") ? .error : nil
        case (3, UInt8(ascii: "e")): return matches("err") ? .error : nil
        default: return nil
        }
    }

    /// glog's letters.
    static func level(letter: UInt8) -> Record.Level? {
        switch letter {
        case UInt8(ascii: "I"): .info
        case UInt8(ascii: "W"): .warning
        case UInt8(ascii: "E"), UInt8(ascii: "F"), UInt8(ascii: "C"): .error
        case UInt8(ascii: "D"): .debug
        default: nil
        }
    }

    /// What a line without a front tells by its first words: a warning, an error, or nothing.
    static func level(ofText line: Span<UInt8>, from start: Int) -> Record.Level {
        let first = line.skip(from: start) { $0.isBlank }
        guard let letter = line.byte(first) else { return .info }
        switch letter | 0x20 {
        case UInt8(ascii: "e"), UInt8(ascii: "f"), UInt8(ascii: "w"), UInt8(ascii: "p"), UInt8(ascii: "c"):
            let end = line.skip(from: first) { $0.isLetter }
            if line.byte(end) == UInt8(ascii: ":") || line.has(" error:", at: end) {
                if let level = level(line, first..<end) { return level }
            }
        default: break
        }
        if Exceptions.isException(line, first), !line.has("Warning", at: Exceptions.nameEnd(line, first) - 7) {
            return .error
        }
        if line.first("Warning: ", from: first).map({ $0 < first + 200 && isWarning(line, first, $0) }) ?? false {
            return .warning
        }
        if line.first(": Fatal error: ", from: first) != nil { return .error }
        return .info
    }

    /// `UserWarning: ` behind a place in a program, or as the first word.
    private static func isWarning(_ line: Span<UInt8>, _ start: Int, _ position: Int) -> Bool {
        let word = line.skipBack(from: position, notBefore: start) { $0.isIdentifier || $0 == UInt8(ascii: ".") }
        return word == start || (line.byte(word - 2) == UInt8(ascii: ":") && line.byte(word - 1) == UInt8(ascii: " "))
    }
}

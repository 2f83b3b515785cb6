import Readable
import VariableCatalog

/// Values: numbers, words, dates, lists and inline tables.
extension TOMLParser {
    mutating func value(at path: String, depth: Int) throws(Problem) -> TOMLTableNode.Entry {
        guard depth <= Self.deepest else {
            throw Problem(place: at..<(at + 1), message: "this is nested more than \(Self.deepest) deep")
        }
        switch peek {
        case UInt8(ascii: "\""):
            return .value(.text(startsWith("\"\"\"") ? try longBasicString() : try basicString()))
        case UInt8(ascii: "'"):
            return .value(.text(startsWith("'''") ? try longLiteralString() : try literalString()))
        case UInt8(ascii: "["): return .value(.list(try list(at: path, depth: depth)))
        case UInt8(ascii: "{"): return .table(try inlineTable(at: path, depth: depth))
        default: return .value(try word())
        }
    }

    private mutating func list(at path: String, depth: Int) throws(Problem) -> [TOMLValue] {
        let begin = at
        var items: [TOMLValue] = []
        at += 1
        while true {
            try skipLines()
            if peek == UInt8(ascii: "]") { break }
            guard peek != nil else {
                throw Problem(place: begin..<(begin + 1), message: "this list has no end: its ] is missing")
            }
            let (own, place) = ("\(path)[\(items.count)]", at)
            switch try value(at: own, depth: depth + 1) {
            case .value(let value): items.append(value)
            case .table(let table): items.append(.table(table.values))
            case .tables: break
            }
            note(own, key: place..<at, value: place..<at)
            try skipLines()
            if peek == UInt8(ascii: ",") {
                at += 1
            } else if peek != UInt8(ascii: "]") {
                throw Problem(
                    place: peek == nil ? begin..<(begin + 1) : at..<(at + width(at)),
                    message: peek == nil
                        ? "this list has no end: its ] is missing"
                        : "a comma or ] is missing before this item of a list")
            }
        }
        at += 1
        return items
    }

    private mutating func inlineTable(at path: String, depth: Int) throws(Problem) -> TOMLTableNode {
        let begin = at
        let table = TOMLTableNode()
        at += 1
        skipBlanks()
        while peek != UInt8(ascii: "}") {
            if !table.entries.isEmpty {
                guard peek == UInt8(ascii: ",") else { throw unfinished(begin) }
                at += 1
                skipBlanks()
                if peek == UInt8(ascii: "}") {
                    throw Problem(place: (at - 1)..<at, message: "no comma may stand before the } of an inline table")
                }
            }
            if isAtLineEnd { throw unfinished(begin) }
            try keyValue(into: table, path: path, depth: depth)
            skipBlanks()
        }
        at += 1
        table.freeze()
        return table
    }

    private func unfinished(_ begin: Int) -> Problem {
        isAtLineEnd
            ? Problem(
                place: begin..<(begin + 1),
                message: "an inline table { … } has to end on its line: use a [header] for one of several lines")
            : Problem(place: at..<(at + width(at)), message: "a comma or } is missing here")
    }

    /// Blanks, comments and ends of lines, which mean nothing inside of a list.
    private mutating func skipLines() throws(Problem) {
        while true {
            skipBlanks()
            try comment()
            if peek == 0x0A {
                at += 1
            } else if peek == 0x0D, at + 1 < bytes.count, bytes[at + 1] == 0x0A {
                at += 2
            } else {
                return
            }
        }
    }

    // MARK: Words

    private mutating func word() throws(Problem) -> TOMLValue {
        let begin = at
        while let byte = peek, byte > 0x20, byte != 0x7F, !"#,]}=\"'[{".utf8.contains(byte) { at += 1 }
        // A date may be written with a space before its time.
        if at - begin == 10, peek == 0x20, at + 2 < bytes.count, Self.isDigit(bytes[at + 1]),
            Self.isDigit(bytes[at + 2]),
            TOMLDate.isOne(bytes[begin..<at])
        {
            at += 1
            while let byte = peek, Self.isDigit(byte) || ":.+-Zz".utf8.contains(byte) { at += 1 }
        }
        let place = begin..<at
        guard at > begin else {
            throw Problem(
                place: begin..<max(begin + 1, at),
                message: isAtLineEnd ? "the value is missing" : "\(character(begin)) begins no value")
        }
        let text = String(decoding: bytes[place], as: UTF8.self)
        switch text {
        case "true": return .flag(true)
        case "false": return .flag(false)
        case "inf", "+inf": return .number(.infinity)
        case "-inf": return .number(-.infinity)
        case "nan", "+nan", "-nan": return .number(.nan)
        default: break
        }
        if TOMLDate.isOne(bytes[place]) { return .date(text) }
        if let value = Self.number(text) { return value }
        throw Problem(place: place, message: Self.whatIsWrong(with: text))
    }

    private static func whatIsWrong(with text: String) -> String {
        let shown = PlainText.short(text)
        if let word = text.unicodeScalars.first, word.properties.isAlphabetic || word == "/" {
            let lower = text.lowercased()
            if ["true", "yes", "on"].contains(lower) { return "`\(shown)` is written true" }
            if ["false", "no", "off"].contains(lower) { return "`\(shown)` is written false" }
            return "`\(shown)` is no value: texts stand in quotes, \"\(shown)\""
        }
        if text.utf8.first.map(isDigit) == true, text.utf8.last.map(isDigit) == false, DurationText.parse(text) != nil {
            return "`\(shown)` is no value: durations stand in quotes, \"\(shown)\""
        }
        return "`\(shown)` is no number that TOML knows, or too large a one; texts stand in quotes"
    }

    private static func number(_ text: String) -> TOMLValue? {
        let digits = Array(text.utf8)
        // Underscores stand between digits alone.
        for index in digits.indices where digits[index] == UInt8(ascii: "_") {
            guard index > 0, index + 1 < digits.count, isHexDigit(digits[index - 1]), isHexDigit(digits[index + 1])
            else {
                return nil
            }
        }
        let plain = text.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where plain.hasPrefix(prefix) {
            let rest = plain.dropFirst(2)
            guard rest.first?.isHexDigit == true, text.utf8.dropFirst(2).first != UInt8(ascii: "_") else { return nil }
            return Int(rest, radix: radix).map { .integer($0) }
        }
        let unsigned = plain.drop { $0 == "+" || $0 == "-" }
        guard plain.utf8.count - unsigned.utf8.count <= 1, let first = unsigned.utf8.first, isDigit(first) else {
            return nil
        }
        let whole = unsigned.utf8.prefix(while: isDigit)
        guard whole.count == 1 || first != UInt8(ascii: "0") else { return nil }
        if whole.count == unsigned.utf8.count { return Int(plain).map { .integer($0) } }
        return isFraction(unsigned.utf8.dropFirst(whole.count)) ? Double(plain).map { .number($0) } : nil
    }

    /// `.5`, `e10`, `.5e-3`.
    private static func isFraction(_ rest: Substring.UTF8View.SubSequence) -> Bool {
        var rest = rest
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix(while: isDigit)
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    func startsWith(_ mark: StaticString) -> Bool {
        bytes[at...].starts(with: UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount))
    }
}

extension TOMLTableNode {
    /// With all that it holds.
    func freeze() {
        isFrozen = true
        for case .table(let table) in entries.values { table.freeze() }
    }
}

/// Dates and times (RFC 3339): no setting is one, but a file may be told so.
enum TOMLDate {
    static func isOne(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = Array(bytes)
        if isTime(text[...]) { return true }
        guard text.count >= 10, isDay(text[..<10]) else { return false }
        if text.count == 10 { return true }
        guard [UInt8(ascii: "T"), UInt8(ascii: "t"), 0x20].contains(text[10]) else { return false }
        let rest = text[11...]
        if isTime(rest) { return true }
        if rest.last == UInt8(ascii: "Z") || rest.last == UInt8(ascii: "z") { return isTime(rest.dropLast()) }
        guard rest.count > 6 else { return false }
        let offset = rest.suffix(6)
        guard offset.first == UInt8(ascii: "+") || offset.first == UInt8(ascii: "-") else { return false }
        return isTime(rest.dropLast(6)) && isClock(offset.dropFirst(), [24, 60])
    }

    private static func isDay(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let year = number(parts[0]), let month = number(parts[1]),
            let day = number(parts[2]), (1...12).contains(month)
        else { return false }
        let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, leaps ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    private static func isTime(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count >= 8, isClock(text.prefix(8), [24, 60, 60]) else { return false }
        let rest = text.dropFirst(8)
        return rest.isEmpty
            || rest.count > 1 && rest.first == UInt8(ascii: ".") && rest.dropFirst().allSatisfy(TOMLParser.isDigit)
    }

    private static func isClock(_ text: ArraySlice<UInt8>, _ ends: [Int]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return parts.count == ends.count
            && zip(parts, ends).allSatisfy { part, end in part.count == 2 && number(part).map { $0 < end } == true }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.allSatisfy(TOMLParser.isDigit) ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }
}

import Readable

/// Reads TOML 1.0 (toml.io/en/v1.0.0), statement by statement. Its text is whatever somebody left in a file: everything here
/// has a bound, and nothing ends the process.
struct TOMLParser {
    struct Problem: Error {
        var place: Range<Int>
        var message: String
    }

    let bytes: [UInt8]
    var at = 0
    private(set) var root = TOMLTableNode()
    private(set) var places: [String: TOMLDocument.Place] = [:]
    private(set) var mistakes: [TOMLDocument.Mistake] = []

    private var current: TOMLTableNode
    private var currentPath = ""
    private var currentDepth = 0
    private var touched: [TOMLTableNode] = []

    /// Nobody's settings are nested as deeply; the stack has an end.
    static let deepest = 32
    /// What follows the first few is mostly their consequence.
    private static let mostMistakes = 20

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        current = root
        // The mark with which some editors begin a file.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    mutating func parse() {
        while at < bytes.count, mistakes.count < Self.mostMistakes {
            do {
                try statement()
            } catch {
                mistakes.append(.init(place: error.place, message: error.message))
                recover()
            }
        }
    }

    // MARK: Statements

    private mutating func statement() throws(Problem) {
        skipBlanks()
        switch peek {
        case nil: return
        case UInt8(ascii: "["): try header()
        case UInt8(ascii: "#"), 0x0A, 0x0D: break
        default: try keyValue(into: current, path: currentPath, depth: currentDepth)
        }
        try endOfLine()
    }

    private mutating func header() throws(Problem) {
        let begin = at
        // What follows a header that is wrong belongs to nobody.
        (current, currentPath, currentDepth) = (TOMLTableNode(), "?", 0)
        for table in touched { table.isClosed = true }
        touched = []
        at += 1
        let isOneOfMany = peek == UInt8(ascii: "[")
        if isOneOfMany { at += 1 }
        let (path, place) = try key()
        for _ in 0..<(isOneOfMany ? 2 : 1) {
            guard peek == UInt8(ascii: "]") else {
                throw Problem(
                    place: begin..<at, message: "this header has no end: it is written [name]\(isOneOfMany ? "]" : "")")
            }
            at += 1
        }
        do {
            (current, currentPath) = try root.open(path, isOneOfMany: isOneOfMany)
        } catch {
            throw Problem(place: place, message: error.message + first(path.joined(separator: ".")))
        }
        currentDepth = path.count
        note(currentPath, key: place, value: place)
    }

    /// `key = value`, of a section or inside of braces.
    mutating func keyValue(into table: TOMLTableNode, path: String, depth: Int) throws(Problem) {
        let (keys, place) = try key()
        guard peek == UInt8(ascii: "=") else {
            throw Problem(
                place: place,
                message: isAtLineEnd
                    ? "`\(shown(place))` has no value: a setting is written key = value"
                    : "there is no = behind `\(shown(place))`: a setting is written key = value")
        }
        at += 1
        skipBlanks()
        guard depth + keys.count <= Self.deepest else { throw tooDeep(place) }
        let own = keys.reduce(path) { TOMLPath.join($0, $1) }
        let begin = at
        // A value that is wrong is at least not missing.
        defer { note(own, key: place, value: begin..<max(begin, at)) }
        let value = try value(at: own, depth: depth + keys.count)
        do throws(TOMLConflict) {
            let target = try table.descend(keys.dropLast(), touched: &touched)
            guard target.entries[keys[keys.count - 1]] == nil else {
                throw TOMLConflict(message: "`\(keys.joined(separator: "."))` is set for the second time")
            }
            target.entries[keys[keys.count - 1]] = value
        } catch {
            throw Problem(place: place, message: error.message + first(own))
        }
        var whole = path
        for name in keys.dropLast() {
            whole = TOMLPath.join(whole, name)
            note(whole, key: place, value: place)
        }
    }

    /// Where it stood before, for what stands there twice.
    private func first(_ path: String) -> String {
        guard let offset = places[path]?.key.lowerBound else { return "" }
        let line = bytes[..<offset].count { $0 == 0x0A } + 1
        return " (the first time on line \(line))"
    }

    mutating func note(_ path: String, key: Range<Int>, value: Range<Int>) {
        if places[path] == nil { places[path] = .init(key: key, value: value) }
    }

    // MARK: Keys

    private mutating func key() throws(Problem) -> (parts: [String], place: Range<Int>) {
        var parts: [String] = []
        skipBlanks()
        let begin = at
        while true {
            skipBlanks()
            switch peek {
            case UInt8(ascii: "\""): parts.append(try basicString())
            case UInt8(ascii: "'"): parts.append(try literalString())
            default:
                let word = at
                while let byte = peek, Self.isBare(byte) { at += 1 }
                guard at > word, isAtLineEnd || " \t.=],}".utf8.contains(bytes[at]) else { throw noKey(begin) }
                parts.append(String(decoding: bytes[word..<at], as: UTF8.self))
            }
            let end = at
            guard parts.count <= Self.deepest else { throw tooDeep(begin..<at) }
            skipBlanks()
            guard peek == UInt8(ascii: ".") else { return (parts, begin..<end) }
            at += 1
        }
    }

    private func noKey(_ begin: Int) -> Problem {
        guard let byte = peek, byte != 0x0A, byte != 0x0D else {
            return Problem(place: begin..<max(at, begin + 1), message: "a key is missing here")
        }
        return Problem(
            place: at..<(at + width(at)),
            message:
                "\(character(at)) cannot be part of a key: keys are letters, digits, - and _, or stand in quotes")
    }

    private func tooDeep(_ place: Range<Int>) -> Problem {
        Problem(place: place, message: "this is nested more than \(Self.deepest) deep")
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: Blanks

    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    var isAtLineEnd: Bool { peek == nil || peek == 0x0A || peek == UInt8(ascii: "#") || peek == 0x0D }

    mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { at += 1 }
    }

    /// Takes in a comment and the end of the line; complains of anything else.
    mutating func endOfLine() throws(Problem) {
        skipBlanks()
        try comment()
        switch peek {
        case nil: return
        case 0x0A: at += 1
        case 0x0D where at + 1 < bytes.count && bytes[at + 1] == 0x0A: at += 2
        default:
            throw Problem(
                place: at..<lineEnd(at), message: "the line should end here: each setting has a line of its own")
        }
    }

    mutating func comment() throws(Problem) {
        guard peek == UInt8(ascii: "#") else { return }
        while let byte = peek, byte != 0x0A {
            if byte == 0x0D, at + 1 < bytes.count, bytes[at + 1] == 0x0A { return }
            try refuseControl(byte)
            at += 1
        }
    }

    func refuseControl(_ byte: UInt8) throws(Problem) {
        guard byte < 0x20 && byte != 0x09 || byte == 0x7F else { return }
        throw Problem(
            place: at..<(at + 1), message: "a control character, \(character(at)), cannot stand in a settings file")
    }

    func lineEnd(_ from: Int) -> Int { bytes[from...].firstIndex(of: 0x0A) ?? bytes.count }

    /// Goes on where a statement seems to begin.
    private mutating func recover() {
        repeat {
            at = min(lineEnd(min(at, bytes.count)) + 1, bytes.count)
        } while at < bytes.count && !beginsStatement
    }

    private var beginsStatement: Bool {
        var word = bytes[at..<lineEnd(at)].drop { $0 == 0x20 || $0 == 0x09 }
        if word.last == 0x0D { word.removeLast() }
        guard let begin = word.first else { return true }
        if begin == UInt8(ascii: "#") { return false }
        if begin == UInt8(ascii: "[") {
            let rest = word.drop { $0 == UInt8(ascii: "[") }
            return rest.first.map { Self.isBare($0) && !(0x30...0x39).contains($0) } == true
                && rest.contains(UInt8(ascii: "]"))
        }
        let rest = word.drop { Self.isBare($0) || $0 == UInt8(ascii: ".") || $0 == 0x20 || $0 == 0x09 }
        return Self.isBare(begin) && rest.first == UInt8(ascii: "=")
    }

    // MARK: Words for messages

    /// Bytes of the character that begins here.
    func width(_ offset: Int) -> Int {
        var end = offset + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return end - offset
    }

    func character(_ offset: Int) -> String {
        let byte = bytes[offset]
        if byte < 0x20 || byte == 0x7F { return "number \(byte)" }
        return "`" + String(decoding: bytes[offset..<(offset + width(offset))], as: UTF8.self) + "`"
    }

    func shown(_ place: Range<Int>) -> String {
        PlainText.short(String(decoding: bytes[place], as: UTF8.self))
    }
}

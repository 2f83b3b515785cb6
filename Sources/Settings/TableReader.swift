import Readable
import TOML
import VariableCatalog

/// Takes typed values out of a table, remembers where each stood, and collects all that is wrong with them.
struct TableReader {
    let file: String
    private let document: TOMLDocument
    private var found: [SettingsProblem] = []
    /// Of every value that was taken, by its path: the line.
    private(set) var lines: [String: Int] = [:]

    var root: [String: TOMLValue] { document.root }
    /// In the order of the text.
    var problems: [SettingsProblem] {
        found.enumerated().sorted {
            ($0.element.line ?? 0, $0.element.column ?? 0, $0.offset) < (
                $1.element.line ?? 0, $1.element.column ?? 0, $1.offset
            )
        }.map(\.element)
    }

    /// Whether the whole text was TOML.
    var isIntact: Bool { document.mistakes.isEmpty }

    /// What is no TOML is complained of at once.
    init(file: String, text: String) {
        self.file = file
        document = TOMLDocument(text)
        for mistake in document.mistakes { complain(mistake.message, at: mistake.place) }
    }

    // MARK: Complaints

    enum Part { case key, value }

    mutating func complain(_ path: String, _ message: String, at part: Part = .value) {
        complain(message, at: place(of: path).map { part == .key ? $0.key : $0.value })
    }

    private mutating func complain(_ message: String, at place: Range<Int>?) {
        // A file that is something else entirely: what nobody reads is not gathered.
        guard found.count < 200 else { return }
        var problem = SettingsProblem(file: file, line: nil, message: message)
        if let place {
            let position = document.lines.position(of: place.lowerBound)
            (problem.line, problem.column) = (position.line, position.column)
            if let text = document.lines.text(ofLine: position.line), !Self.mayHoldSecret(text) {
                problem.excerpt = .init(text: text, length: document.lines.length(of: place))
            }
        }
        found.append(problem)
    }

    /// The key's place, or that of the nearest table around it.
    private func place(of path: String) -> TOMLDocument.Place? {
        var path = path[...]
        while true {
            if let place = document.places[String(path)] { return place }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
    }

    /// A line of the file is shown to whoever reads the log.
    private static func mayHoldSecret(_ line: String) -> Bool {
        SecretName.withoutCredentials(line) != line
            || line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "-" }.contains(where: SecretName.matches)
    }

    func line(of path: String) -> Int? {
        document.places[path].map { document.lines.line(of: $0.key.lowerBound) }
    }

    /// Complains of every key of a table that is none of those that it may have.
    ///
    /// - Parameters:
    ///   - pattern: the table's path in ``SettingKey``.
    ///   - except: keys that mean nothing here.
    mutating func checkKeys(
        _ table: [String: TOMLValue], at path: String, as pattern: String, except: [String] = []
    ) {
        let known = SettingKey.names(below: pattern).filter { !except.contains($0) }
        for key in table.keys.sorted() where !known.contains(key) {
            let place = path.isEmpty ? "" : " in [\(path)]"
            let hint = found.count < 50 ? "; " + hint(key, at: path, pattern, known) : ""
            complain(TOMLPath.join(path, key), "unknown key `\(PlainText.short(key))`\(place)\(hint)", at: .key)
        }
    }

    private func hint(_ key: String, at path: String, _ pattern: String, _ known: [String]) -> String {
        if let near = NearestWord.find(key, among: known) { return "did you mean `\(near)`?" }
        // In TOML everything behind a header belongs to it.
        let other = pattern.isEmpty ? "service.*" : ""
        if SettingKey.names(below: other).contains(key) {
            return pattern.isEmpty
                ? "it belongs into a [service.NAME]"
                : "it belongs to no table and stands above the first [header]"
        }
        return "known are \(known.sorted().joined(separator: ", "))"
    }

    // MARK: Values

    mutating func text(_ table: [String: TOMLValue], _ key: String, at path: String) -> String? {
        let text = take(table, key, path, "a string") { if case .text(let text) = $0 { text } else { nil } }
        // What is given to the kernel ends there.
        guard let text, text.utf8.contains(0) else { return text }
        complain(TOMLPath.join(path, key), "`\(TOMLPath.join(path, key))` holds a character with the number 0")
        return nil
    }

    /// A text that must not be empty.
    mutating func name(_ table: [String: TOMLValue], _ key: String, at path: String) -> String? {
        guard let text = text(table, key, at: path) else { return nil }
        if !text.isEmpty { return text }
        complain(TOMLPath.join(path, key), "`\(TOMLPath.join(path, key))` is empty: leave the key out for the default")
        return nil
    }

    mutating func choice(
        _ table: [String: TOMLValue], _ key: String, at path: String, of choices: [String]
    ) -> String? {
        guard let text = text(table, key, at: path) else { return nil }
        if choices.contains(text) { return text }
        let path = TOMLPath.join(path, key)
        let known = choices.map { "\"\($0)\"" }.joined(separator: " or ")
        let near = NearestWord.find(text, among: choices).map { "; did you mean \"\($0)\"?" } ?? ""
        complain(path, "`\(path)` must be \(known), not \"\(PlainText.short(text))\"\(near)")
        return nil
    }

    mutating func integer(_ table: [String: TOMLValue], _ key: String, at path: String, atLeast least: Int) -> Int? {
        integer(table, key, path, "an integer of at least \(least)") { $0 >= least }
    }

    mutating func integer(
        _ table: [String: TOMLValue], _ key: String, at path: String, in range: ClosedRange<Int>
    ) -> Int? {
        integer(table, key, path, "an integer from \(range.lowerBound) to \(range.upperBound)", range.contains)
    }

    private mutating func integer(
        _ table: [String: TOMLValue], _ key: String, _ path: String, _ expected: String, _ fits: (Int) -> Bool
    ) -> Int? {
        guard let value = take(table, key, path, expected, { if case .integer(let value) = $0 { value } else { nil } })
        else { return nil }
        if fits(value) { return value }
        let path = TOMLPath.join(path, key)
        complain(path, "`\(path)` must be \(expected), not \(value)")
        return nil
    }

    mutating func flag(_ table: [String: TOMLValue], _ key: String, at path: String) -> Bool? {
        take(table, key, path, "true or false") { if case .flag(let value) = $0 { value } else { nil } }
    }

    mutating func duration(_ table: [String: TOMLValue], _ key: String, at path: String) -> Duration? {
        let expected = "a duration such as \"250ms\", \"5s\" or \"15m\""
        guard let text = take(table, key, path, expected, { if case .text(let text) = $0 { text } else { nil } }) else {
            return nil
        }
        if let duration = DurationText.parse(text) { return duration }
        let path = TOMLPath.join(path, key)
        complain(path, "`\(path)` must be \(expected), not \"\(PlainText.short(text))\"")
        return nil
    }

    mutating func duration(
        _ table: [String: TOMLValue], _ key: String, at path: String, atLeast least: Duration
    ) -> Duration? {
        guard let duration = duration(table, key, at: path) else { return nil }
        if duration >= least { return duration }
        let path = TOMLPath.join(path, key)
        complain(path, "`\(path)` must be at least \(DurationText.write(least)), not \(DurationText.write(duration))")
        return nil
    }

    /// A duration that can be switched off by `"0s"`; the inner nil is that.
    mutating func limit(_ table: [String: TOMLValue], _ key: String, at path: String) -> Duration?? {
        duration(table, key, at: path).map { $0 > .zero ? .some($0) : nil }
    }

    /// The URL of something that is asked by plain http.
    mutating func url(_ table: [String: TOMLValue], _ key: String, at path: String) -> String? {
        guard let text = text(table, key, at: path) else { return nil }
        if HTTPURL(text)?.scheme == "http" { return text }
        let path = TOMLPath.join(path, key)
        complain(
            path,
            "`\(path)` must be an http:// URL (checks do not speak https)"
                + (text.contains("@") ? " without a user and a password" : ", not \"\(PlainText.short(text))\""))
        return nil
    }

    mutating func texts(_ table: [String: TOMLValue], _ key: String, at path: String) -> [String]? {
        guard
            let items = take(
                table, key, path, "a list of strings", { if case .list(let items) = $0 { items } else { nil } })
        else { return nil }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            let own = "\(TOMLPath.join(path, key))[\(index)]"
            if case .text(let text) = item, !text.utf8.contains(0) {
                texts.append(text)
            } else if case .text = item {
                complain(own, "`\(TOMLPath.join(path, key))` holds a character with the number 0")
            } else {
                complain(own, "`\(TOMLPath.join(path, key))` must be a list of strings, and here is \(item.kind)")
            }
        }
        return texts.count == items.count ? texts : nil
    }

    mutating func integers(
        _ table: [String: TOMLValue], _ key: String, at path: String, in range: ClosedRange<Int>
    ) -> [Int]? {
        let expected = "a list of integers from \(range.lowerBound) to \(range.upperBound)"
        guard let items = take(table, key, path, expected, { if case .list(let items) = $0 { items } else { nil } })
        else { return nil }
        let numbers = items.compactMap {
            if case .integer(let number) = $0, range.contains(number) { number } else { nil }
        }
        guard numbers.count == items.count else {
            complain(TOMLPath.join(path, key), "`\(TOMLPath.join(path, key))` must be \(expected)")
            return nil
        }
        return numbers
    }

    /// Whatever it is.
    mutating func value(_ table: [String: TOMLValue], _ key: String, at path: String) -> TOMLValue? {
        take(table, key, path, "") { $0 }
    }

    mutating func table(_ table: [String: TOMLValue], _ key: String, at path: String) -> [String: TOMLValue]? {
        take(table, key, path, "a table") { if case .table(let value) = $0 { value } else { nil } }
    }

    private mutating func take<Value>(
        _ table: [String: TOMLValue], _ key: String, _ path: String, _ expected: String,
        _ convert: (TOMLValue) -> Value?
    ) -> Value? {
        guard let value = table[key] else { return nil }
        let path = TOMLPath.join(path, key)
        if let converted = convert(value) {
            lines[path] = line(of: path)
            return converted
        }
        complain(path, "`\(path)` must be \(expected), not \(value.kind)")
        return nil
    }

}

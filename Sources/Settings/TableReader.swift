/// Takes typed values out of a table and collects all that is wrong with it.
struct TableReader {
    let file: String
    private let lines: KeyLines
    private(set) var problems: [SettingsProblem] = []

    init(file: String, text: String) {
        self.file = file
        lines = KeyLines(text)
    }

    mutating func complain(_ path: String, _ message: String) {
        problems.append(SettingsProblem(file: file, line: lines.line(of: path), message: message))
    }

    /// Complains of every key that is none of `known`.
    mutating func checkKeys(_ table: [String: SettingValue], at path: String, known: [String]) {
        for key in table.keys.sorted() where !known.contains(key) {
            let near = NearestWord.find(key, among: known).map { "; did you mean `\($0)`?" }
            let place = path.isEmpty ? "" : " in [\(path)]"
            complain(
                Self.join(path, key),
                "unknown key `\(key)`\(place)" + (near ?? "; known are \(known.sorted().joined(separator: ", "))"))
        }
    }

    mutating func text(_ table: [String: SettingValue], _ key: String, at path: String) -> String? {
        take(table, key, path, "a string") { if case .text(let text) = $0 { text } else { nil } }
    }

    mutating func choice(
        _ table: [String: SettingValue], _ key: String, at path: String, of choices: [String]
    ) -> String? {
        guard let text = text(table, key, at: path) else { return nil }
        if choices.contains(text) { return text }
        let path = Self.join(path, key)
        let known = choices.map { "\"\($0)\"" }.joined(separator: " or ")
        complain(path, "`\(path)` must be \(known), not \"\(text)\"")
        return nil
    }

    mutating func integer(_ table: [String: SettingValue], _ key: String, at path: String, atLeast least: Int) -> Int? {
        take(table, key, path, "an integer of at least \(least)") {
            if case .integer(let value) = $0, value >= least { value } else { nil }
        }
    }

    mutating func integer(
        _ table: [String: SettingValue], _ key: String, at path: String, in range: ClosedRange<Int>
    ) -> Int? {
        take(table, key, path, "an integer from \(range.lowerBound) to \(range.upperBound)") {
            if case .integer(let value) = $0, range.contains(value) { value } else { nil }
        }
    }

    mutating func flag(_ table: [String: SettingValue], _ key: String, at path: String) -> Bool? {
        take(table, key, path, "true or false") { if case .flag(let value) = $0 { value } else { nil } }
    }

    mutating func duration(_ table: [String: SettingValue], _ key: String, at path: String) -> Duration? {
        take(table, key, path, "a duration such as \"250ms\", \"5s\" or \"15m\"") {
            if case .text(let text) = $0 { DurationText.parse(text) } else { nil }
        }
    }

    mutating func duration(
        _ table: [String: SettingValue], _ key: String, at path: String, atLeast least: Duration
    ) -> Duration? {
        guard let duration = duration(table, key, at: path) else { return nil }
        if duration >= least { return duration }
        let path = Self.join(path, key)
        complain(path, "`\(path)` must be at least \(Int(least / .milliseconds(1)))ms")
        return nil
    }

    /// A duration that can be switched off by `"0s"`; the inner nil is that.
    mutating func limit(_ table: [String: SettingValue], _ key: String, at path: String) -> Duration?? {
        duration(table, key, at: path).map { $0 > .zero ? .some($0) : nil }
    }

    /// The URL of something that is asked by plain http.
    mutating func url(_ table: [String: SettingValue], _ key: String, at path: String) -> String? {
        guard let text = text(table, key, at: path) else { return nil }
        if HTTPURL(text)?.scheme == "http" { return text }
        let path = Self.join(path, key)
        complain(path, "`\(path)` must be an http:// URL (checks do not speak https), not \"\(text)\"")
        return nil
    }

    mutating func texts(_ table: [String: SettingValue], _ key: String, at path: String) -> [String]? {
        take(table, key, path, "a list of strings") { value in
            guard case .list(let items) = value else { return nil }
            let texts = items.compactMap { if case .text(let text) = $0 { text } else { nil as String? } }
            return texts.count == items.count ? texts : nil
        }
    }

    mutating func table(_ table: [String: SettingValue], _ key: String, at path: String) -> [String: SettingValue]? {
        take(table, key, path, "a table") { if case .table(let value) = $0 { value } else { nil } }
    }

    private mutating func take<Value>(
        _ table: [String: SettingValue], _ key: String, _ path: String, _ expected: String,
        _ convert: (SettingValue) -> Value?
    ) -> Value? {
        guard let value = table[key] else { return nil }
        if let converted = convert(value) { return converted }
        let path = Self.join(path, key)
        complain(path, "`\(path)` must be \(expected), not \(value.kind)")
        return nil
    }

    static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// Durations as people write them.
package enum DurationText {
    /// `250ms`, `5s`, `1.5m`, `2h`; nil for anything else.
    package static func parse(_ text: String) -> Duration? {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value >= 0, value * seconds < 1e7 else { continue }
            return .milliseconds(Int((value * seconds * 1000).rounded()))
        }
        return nil
    }
}

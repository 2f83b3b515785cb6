/// Reads Prometheus' text format 0.0.4, a line at a time, as strictly as Prometheus does: one line that it cannot read
/// costs it the whole scrape.
package enum PrometheusText {
    package enum Line: Sendable, Equatable {
        case sample(Sample)
        case help(name: String)
        case type(name: String, MetricFamily.Kind)
        /// An empty line, or a comment of somebody's.
        case nothing
        case malformed
    }

    package struct Sample: Sendable, Equatable {
        package var name: String
        /// In order of their names.
        package var labels: [MetricFamily.Label]
        package var value: Double
        /// Milliseconds since 1970.
        package var timestamp: Int64?
    }

    /// - Parameter line: without its line break; a carriage return at its end is passed over.
    package static func line(_ line: ArraySlice<UInt8>) -> Line {
        var cursor = Cursor(rest: line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        cursor.skipBlanks()
        guard let first = cursor.rest.first else { return .nothing }
        if first == UInt8(ascii: "#") {
            cursor.rest = cursor.rest.dropFirst()
            return comment(&cursor)
        }
        guard let name = cursor.name(colons: true),
            cursor.rest.first.map({ isBlank($0) || $0 == UInt8(ascii: "{") }) ?? false
        else { return .malformed }
        cursor.skipBlanks()
        var labels: [MetricFamily.Label] = []
        if cursor.take("{") {
            guard let read = cursor.labels() else { return .malformed }
            labels = read
        }
        guard let value = cursor.word().flatMap(number) else { return .malformed }
        var sample = Sample(name: name, labels: labels, value: value)
        if let word = cursor.word() {
            guard let timestamp = Int64(text(word)) else { return .malformed }
            sample.timestamp = timestamp
        }
        return cursor.word() == nil ? .sample(sample) : .malformed
    }

    private static func comment(_ cursor: inout Cursor) -> Line {
        let keyword = cursor.word().map(text)
        guard keyword == "HELP" || keyword == "TYPE" else { return .nothing }
        cursor.skipBlanks()
        guard let name = cursor.name(colons: true), cursor.rest.first.map(isBlank) ?? true else { return .malformed }
        if keyword == "HELP" { return cursor.isEscapedText ? .help(name: name) : .malformed }
        guard let kind = cursor.word().map(text).flatMap(MetricFamily.Kind.init), cursor.word() == nil else {
            return .malformed
        }
        return .type(name: name, kind)
    }

    /// The sum of each name's samples, whatever their labels: an engine has one sample for each of its cores.
    ///
    /// A line that cannot be understood, and a value that is no finite number of at least zero, is passed over.
    ///
    /// - Returns: nothing for a name without a sample.
    package static func sums(of names: Set<String>, in body: [UInt8]) -> [String: Double] {
        let names = names.map { (name: $0, bytes: Array($0.utf8)) }
        var sums: [String: Double] = [:]
        for line in body.split(separator: UInt8(ascii: "\n")) {
            // Of some thousand lines a handful is wanted.
            guard let name = names.first(where: { line.starts(with: $0.bytes) }),
                case .sample(let sample) = self.line(line), sample.name == name.name, sample.value.isFinite,
                sample.value >= 0
            else { continue }
            sums[name.name, default: 0] += sample.value
        }
        return sums
    }

    /// Decimal, `NaN` or `Inf`. What is too large for a `Double` is an error to Prometheus, not infinite.
    static func number(_ word: ArraySlice<UInt8>) -> Double? {
        guard word.count <= 64 else { return nil }
        let unsigned = word.first == UInt8(ascii: "+") || word.first == UInt8(ascii: "-") ? word.dropFirst() : word
        switch text(unsigned).lowercased() {
        case "nan": return unsigned.count == word.count ? .nan : nil
        case "inf", "infinity": return word.first == UInt8(ascii: "-") ? -.infinity : .infinity
        default: break
        }
        // Swift also reads hexadecimal digits and more.
        guard unsigned.first.map({ isDigit($0) || $0 == UInt8(ascii: ".") }) ?? false,
            unsigned.allSatisfy({ isDigit($0) || ".eE+-".utf8.contains($0) }), let value = Double(text(word)),
            value.isFinite
        else { return nil }
        return value
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    fileprivate static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// What of a line is still to be read.
private struct Cursor {
    var rest: ArraySlice<UInt8>

    mutating func skipBlanks() { rest = rest.drop(while: PrometheusText.isBlank) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// What stands before the next blank; nil at the end.
    mutating func word() -> ArraySlice<UInt8>? {
        skipBlanks()
        let word = rest.prefix { !PrometheusText.isBlank($0) }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : word
    }

    /// - Parameter colons: of a metric; a label has none.
    mutating func name(colons: Bool) -> String? {
        let name = rest.prefix { byte in
            PrometheusText.isDigit(byte) || byte == UInt8(ascii: "_") || (colons && byte == UInt8(ascii: ":"))
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard let first = name.first, !PrometheusText.isDigit(first) else { return nil }
        rest = rest.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    /// Up to the closing brace; nil where they are not as they should be.
    mutating func labels() -> [MetricFamily.Label]? {
        var labels: [MetricFamily.Label] = []
        while true {
            skipBlanks()
            if take("}") { break }
            // Two underscores are Prometheus' own.
            guard let name = name(colons: false), !name.hasPrefix("__") else { return nil }
            skipBlanks()
            guard take("=") else { return nil }
            skipBlanks()
            guard take("\""), let value = quoted() else { return nil }
            labels.append(MetricFamily.Label(name, value))
            skipBlanks()
            if take(",") { continue }
            guard take("}") else { return nil }
            break
        }
        labels.sort { $0.name < $1.name }
        return zip(labels, labels.dropFirst()).contains { $0.name == $1.name } ? nil : labels
    }

    /// A label's value and the quotation mark behind it.
    private mutating func quoted() -> String? {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                switch rest.popFirst() {
                case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
                default: return nil
                }
            default: bytes.append(byte)
            }
        }
        return nil
    }

    /// Whether the rest is text as HELP has it: UTF-8, and after a backslash nothing but another one or `n`.
    var isEscapedText: Bool {
        var bytes = rest
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "\\") else { continue }
            let next = bytes.popFirst()
            guard next == UInt8(ascii: "\\") || next == UInt8(ascii: "n") else { return false }
        }
        return String(validating: rest, as: UTF8.self) != nil
    }
}

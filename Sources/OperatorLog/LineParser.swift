import FoundationEssentials

/// Reads level, message and fields from a line of a service.
///
/// Understands our own programs' JSON lines and lines that begin with a level word, as vLLM's and Python's do; anything
/// else is text at level info.
package enum LineParser {
    package static func parse(_ line: String, service: String, pid: Int32?, time: Double) -> Record {
        if line.hasPrefix("{"), let record = parseJSON(line, service: service, pid: pid, time: time) { return record }
        return Record(time: time, level: level(of: line), service: service, pid: pid, message: line)
    }

    private static func parseJSON(_ line: String, service: String, pid: Int32?, time: Double) -> Record? {
        guard let object = try? JSONDecoder().decode([String: Scalar].self, from: Data(line.utf8)),
            let message = object["message"]?.text
        else { return nil }
        let level = self.level(named: object["level"]?.text ?? "")
        let fields = object.filter { !["message", "level", "time"].contains($0.key) }
            .sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value.text) }
        return Record(time: time, level: level, service: service, pid: pid, message: message, fields: fields)
    }

    private static func level(of line: String) -> Record.Level {
        // vLLM writes `(APIServer pid=7) INFO 11-22 10:00:00 [file.py:1] …`.
        var rest = Substring(line)
        if rest.hasPrefix("("), let close = rest.firstIndex(of: ")") { rest = rest[rest.index(after: close)...] }
        let word = rest.split(separator: " ", maxSplits: 1).first.map { $0.prefix { $0.isLetter } } ?? ""
        return level(named: String(word))
    }

    /// The words of Python's `logging` and of swift-log.
    private static func level(named word: String) -> Record.Level {
        switch word.uppercased() {
        case "TRACE", "DEBUG": .debug
        case "WARNING", "WARN": .warning
        case "ERROR", "CRITICAL", "FATAL": .error
        default: .info
        }
    }

    /// A JSON value without structure, as the text that it is.
    private struct Scalar: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let string = try? container.decode(String.self) {
                text = string
            } else if let integer = try? container.decode(Int.self) {
                text = String(integer)
            } else if let flag = try? container.decode(Bool.self) {
                text = String(flag)
            } else {
                text = String(try container.decode(Double.self))
            }
        }
    }
}

/// A record for people at a terminal: time, service, level, message, fields, in columns.
///
///     11:00:00.250 engine    error  RuntimeError: Executor failed. process=EngineCore pid=7121
///                                     File "/opt/venv/lib/python3.11/site-packages/vllm/v1/engine/core.py", line 1496
///
/// Values of several lines, as tracebacks are, stand below. Where in a program a line was written is left
/// out below warnings, and what the message says already.
enum ConsoleForm {
    /// Columns of the name of a service, and of a level.
    private static let nameWidth = 9
    private static let levelWidth = 7
    private static let indentation = 13 + nameWidth + 1 + levelWidth

    static func append(_ record: Record, to bytes: inout [UInt8], color: Bool) {
        let pen = Pen(color: color)
        pen.begin("2", &bytes)
        Timestamp.appendTime(record.time, to: &bytes)
        pen.end(&bytes)
        bytes.append(UInt8(ascii: " "))
        pen.write(
            padded(VisibleText.make(record.service), nameWidth), record.service == "coxswain" ? "36;1" : "36", &bytes)
        bytes.append(UInt8(ascii: " "))
        pen.write(padded(word(record.level), levelWidth), style(record.level), &bytes)

        let lines = VisibleText.make(record.message, keepingLines: true).split(
            separator: "\n", omittingEmptySubsequences: false)
        let style: StaticString? = record.level == .debug ? "2" : record.level == .error ? "1" : nil
        pen.write(String(lines.first ?? ""), style, &bytes)
        append(facts(record), pen, &bytes)
        bytes.append(0x0A)
        for line in lines.dropFirst() where !line.isEmpty { below(String(line), pen, &bytes) }
        for field in record.fields {
            guard case .text(let text) = field.value, text.utf8.span.first(0x0A) != nil else { continue }
            for line in VisibleText.make(text, keepingLines: true).split(separator: "\n") {
                below(String(line), pen, &bytes)
            }
        }
    }

    /// One line's worth of fields.
    private static func facts(_ record: Record) -> String {
        var text = ""
        // Beside the process that it is of.
        let pid = record.pid.map { " pid=\($0)" } ?? ""
        if record.fields.first?.name != "process" { text += pid }
        for field in record.fields {
            defer { if field.name == "process", field == record.fields.first { text += pid } }
            if case .text(let value) = field.value {
                guard value.utf8.span.first(0x0A) == nil else { continue }
                // The line of Python that a warning is about stands behind its place.
                if field.name == "code", record.fields.first?.name == "source" { continue }
                if field.name == "source", record.level < .warning { continue }
                text += " \(VisibleText.make(field.name))=\(delimited(VisibleText.make(value)))"
            } else if field.name != "percent" {
                text += " \(VisibleText.make(field.name))=\(field.value)"
            }
        }
        return text
    }

    /// So that its end is seen: in quotes where it has several words or quotes of its own, as logfmt has it.
    private static func delimited(_ value: String) -> String {
        if !value.isEmpty, !value.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") }) {
            return value
        }
        var text = "\""
        for character in value.unicodeScalars {
            if character == "\"" || character == "\\" { text.append("\\") }
            text.unicodeScalars.append(character)
        }
        return text + "\""
    }

    private static func append(_ facts: String, _ pen: Pen, _ bytes: inout [UInt8]) {
        guard !facts.isEmpty else { return }
        pen.write(facts, "2", &bytes)
    }

    private static func below(_ line: String, _ pen: Pen, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation))
        pen.write(line, "2", &bytes)
        bytes.append(0x0A)
    }

    private static func word(_ level: Record.Level) -> String {
        switch level {
        case .debug: "debug"
        case .info: ""
        case .warning: "warn"
        case .error: "error"
        }
    }

    private static func style(_ level: Record.Level) -> StaticString {
        switch level {
        case .debug, .info: "2"
        case .warning: "33"
        case .error: "31;1"
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        let count = text.unicodeScalars.count
        return count >= width ? text : text + String(repeating: " ", count: width - count)
    }

    /// Writes in a style (SGR, ECMA-48 §8.3.117), where colours are wanted.
    private struct Pen {
        var color: Bool

        func begin(_ style: StaticString, _ bytes: inout [UInt8]) {
            guard color else { return }
            bytes.append(contentsOf: "\u{1B}[\(style)m".utf8)
        }

        func end(_ bytes: inout [UInt8]) {
            guard color else { return }
            bytes.append(contentsOf: "\u{1B}[0m".utf8)
        }

        func write(_ text: String, _ style: StaticString?, _ bytes: inout [UInt8]) {
            guard let style else {
                bytes.append(contentsOf: text.utf8)
                return
            }
            begin(style, &bytes)
            bytes.append(contentsOf: text.utf8)
            end(&bytes)
        }
    }
}

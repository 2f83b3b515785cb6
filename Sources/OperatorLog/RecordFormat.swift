import TimeOfDay

/// How records are written.
package enum RecordFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// For people at a terminal.
    case console

    package func line(for record: Record, color: Bool = false) -> String {
        switch self {
        case .json: Self.json(record)
        case .console: Self.console(record, color: color)
        }
    }

    private static func json(_ record: Record) -> String {
        var text = #"{"time":"\#(WallClock.rfc3339(record.time))","level":"\#(record.level.rawValue)","service":"#
        text += quoted(record.service)
        if let pid = record.pid { text += #","pid":\#(pid)"# }
        text += #","message":"# + quoted(record.message)
        for field in record.fields { text += ",\(quoted(field.name)):\(quoted(field.value))" }
        return text + "}\n"
    }

    private static func console(_ record: Record, color: Bool) -> String {
        func paint(_ text: String, _ code: String) -> String { color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        let time = WallClock.rfc3339(record.time).dropFirst(11).prefix(12)
        var message = record.message
        for field in record.fields { message += paint(" \(field.name)=\(field.value)", "2") }
        switch record.level {
        case .debug: message = paint(message, "2")
        case .info: break
        case .warning: message = paint("warning: ", "33") + message
        case .error: message = paint("error: ", "31;1") + message
        }
        let name = record.service.padding(to: 9)
        return "\(paint(String(time), "2")) \(paint(name, record.service == "coxswain" ? "36;1" : "36")) \(message)\n"
    }

    /// A JSON string (RFC 8259 §7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case let control where control.value < 0x20 || control.value == 0x7F:
                let digits = String(control.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}

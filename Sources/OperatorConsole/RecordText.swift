package import ControlProtocol
import FoundationEssentials
import Health
import OperatorLog

/// Lines of `/v1/logs` and `/v1/events` for people, in the form that the log has on a terminal.
package enum RecordText {
    /// - Parameter line: one JSON object. What is none is written as it is, made harmless.
    /// - Returns: one line or several, each with its end.
    package static func log(_ line: String, color: Bool) -> String {
        guard let object = try? JSONText.decode([String: ControlEvent.Value].self, from: line),
            let message = object["message"]
        else { return Printable.text(line) + "\n" }
        let known: Set = ["time", "level", "service", "pid", "message"]
        let fields = object.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
        var pid: Int32?
        if case .integer(let number)? = object["pid"] { pid = Int32(exactly: number) }
        return text(
            time: object["time"].flatMap { seconds($0.description) } ?? 0, level: object["level"]?.description,
            service: object["service"]?.description, pid: pid, message: message.description,
            fields: fields.map { ($0.key, $0.value) }, color: color)
    }

    package static func event(_ event: ControlEvent, color: Bool) -> String {
        // The rest is for machines, and in the message already.
        let shown = ["hint", "evidence", "pid"].compactMap { name in event.fields?[name].map { (name, $0) } }
        return text(
            time: event.time, level: event.level, service: event.service, pid: nil, message: event.message,
            fields: shown, color: color)
    }

    private static func text(
        time: Double, level: String?, service: String?, pid: Int32?, message: String,
        fields: [(name: String, value: ControlEvent.Value)], color: Bool
    ) -> String {
        let record = Record(
            time: time, level: level.flatMap(Record.Level.init(rawValue:)) ?? .info,
            service: Printable.text(service ?? "coxswain"), pid: pid,
            message: Printable.text(message, keepsLines: true),
            fields: fields.map { field in
                let value: Record.Value =
                    switch field.value {
                    case .text(let text): .text(Printable.text(text))
                    case .integer(let number): .integer(number)
                    case .number(let number): .number(number)
                    case .flag(let flag): .flag(flag)
                    }
                return Record.Field(Printable.text(field.name), value)
            })
        return RecordFormat.console.line(for: record, color: color)
    }

    /// Reads RFC 3339 in UTC, as the log writes it.
    static func seconds(_ text: String) -> Double? {
        guard text.hasSuffix("Z") else { return nil }
        let parts = text.dropLast().split(whereSeparator: { "-T:".contains($0) })
        guard parts.count == 6, let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            let hour = Int(parts[3]), let minute = Int(parts[4]), let second = Double(parts[5]),
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), second.isFinite
        else { return nil }
        // Days since 1970 in the Gregorian calendar, its years counted from March.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return Double((days * 24 + hour) * 60 + minute) * 60 + second
    }
}

/// A log line in JSON: our own programs', structlog's, and what others write under the same few names.
enum JSONLine {
    /// - Returns: nil when the line is no JSON object with a message.
    static func record(_ line: Span<UInt8>, service: String, at now: Double) -> Record? {
        guard let object = JSONObject(line) else { return nil }
        var message: String?
        var level: Record.Level?
        var pid: Int32?
        var fields: [Record.Field] = []
        fields.reserveCapacity(object.members.count)
        for (name, value) in object.members {
            switch (name, value) {
            case ("message", .text(let text)) where message == nil, ("msg", .text(let text)) where message == nil,
                ("event", .text(let text)) where message == nil:
                message = text
            case ("level", .text(let text)) where level == nil, ("levelname", .text(let text)) where level == nil,
                ("severity", .text(let text)) where level == nil, ("log_level", .text(let text)) where level == nil:
                level = LevelWord.level(text.utf8.span, 0..<text.utf8.count)
                if level == nil { fields.append(Record.Field(name, .text(text))) }
            case ("pid", .integer(let number)) where pid == nil, ("process", .integer(let number)) where pid == nil:
                pid = Int32(exactly: number)
            // A record has its own time.
            case ("time", _), ("ts", _), ("timestamp", _), ("@timestamp", _), ("asctime", _): break
            case (_, .null): break
            default:
                fields.append(Record.Field(name, Privacy.isContent(name) ? Privacy.hidden(value) : self.value(value)))
            }
        }
        guard let message else { return nil }
        return Record(
            time: now, level: level ?? .info, service: service, pid: pid, message: Privacy.apply(message),
            fields: fields)
    }

    private static func value(_ value: JSONObject.Value) -> Record.Value {
        switch value {
        case .text(let text): .text(Privacy.apply(text))
        case .integer(let integer): .integer(integer)
        case .number(let number): .number(number)
        case .flag(let flag): .flag(flag)
        case .null: .text("")
        case .structure(let text): .text(Privacy.apply(text))
        }
    }
}

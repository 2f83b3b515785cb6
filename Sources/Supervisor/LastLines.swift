import OperatorLog

/// The end of a service's log as a person wants it in a report of its failure.
package enum LastLines {
    /// - Parameters:
    ///   - lines: as the service wrote them, oldest first.
    ///   - format: the service's `log` setting.
    ///   - count: how many are wanted.
    ///   - width: most characters of one.
    /// - Returns: oldest first; JSON lines as sentences, tracebacks as what they say, nothing of access logs and details.
    package static func readable(
        _ lines: [String], format: String?, count: Int, width: Int = 200
    ) -> [String] {
        var reader = RecordReader(service: "", format: format)
        // All of them: some tell nothing, and a traceback is one of a hundred lines.
        var records = lines.flatMap { reader.read($0, at: 0) }
        records += reader.finish(at: 0)
        return records.filter { $0.level > .debug }.suffix(count).map { cut(sentence($0), width) }
    }

    private static func sentence(_ record: Record) -> String {
        var text = record.level == .info ? "" : "\(record.level.rawValue): "
        text += record.message.split(separator: "\n").first ?? ""
        for field in record.fields {
            let value = field.value.description
            // What has several lines is told by the diagnosis; where in a program it was written is of no use here.
            if value.contains("\n") || field.name == "source" { continue }
            text += " \(field.name)=\(value)"
        }
        return text
    }

    private static func cut(_ line: String, _ width: Int) -> String {
        line.count > width ? line.prefix(width - 1) + "…" : line
    }
}

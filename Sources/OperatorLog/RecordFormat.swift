/// How records are written.
package enum RecordFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// For people at a terminal.
    case console

    /// - Returns: with its line end.
    package func line(for record: Record, color: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + record.message.utf8.count)
        append(record, to: &bytes, color: color)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As ``line(for:color:)``, where bytes are wanted.
    package func append(_ record: Record, to bytes: inout [UInt8], color: Bool = false) {
        switch self {
        case .json: JSONForm.append(record, to: &bytes)
        case .console: ConsoleForm.append(record, to: &bytes, color: color)
        }
    }
}

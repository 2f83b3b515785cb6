import FoundationEssentials
import Glibc
package import Logging
import TimeOfDay

/// Writes one JSON object a line: `time`, `level`, `message`, then the metadata as fields of their own.
///
/// Callers give ids and numbers, never a document's text or name.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let descriptor: Int32

    /// - Parameter descriptor: where the lines go; standard error is what PID 1 collects.
    package init(level: Logger.Level, descriptor: Int32 = STDERR_FILENO) {
        logLevel = level
        self.descriptor = descriptor
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let line = Self.line(
            seconds: WallClock.now(), level: event.level, message: event.message.description, fields: fields)
        // One call a line, so that lines of several threads never mix.
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        _ = write(descriptor, bytes, bytes.count)
    }

    /// - Parameter seconds: since 1970.
    package static func line(seconds: Double, level: Logger.Level, message: String, fields: Logger.Metadata) -> String {
        var line = "{\"time\":\"\(WallClock.rfc3339(seconds))\",\"level\":\"\(level.rawValue)\",\"message\":"
        line += quoted(message)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += ",\(quoted(key)):\(json(value))"
        }
        return line + "}"
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .stringConvertible(let number as any BinaryInteger): "\(number)"
        case .stringConvertible(let flag as Bool): "\(flag)"
        case .stringConvertible(let other): quoted(other.description)
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let values):
            "{\(values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ","))}"
        }
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

import Glibc
import Health
package import Logging

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
            seconds: Self.now(), level: event.level, message: event.message.description, fields: fields)
        // One call a line, so that lines of several threads never mix.
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        _ = write(descriptor, bytes, bytes.count)
    }

    /// - Parameter seconds: since 1970.
    static func line(seconds: Double, level: Logger.Level, message: String, fields: Logger.Metadata) -> String {
        var line = "{\"time\":\"\(timestamp(seconds))\",\"level\":\"\(level.rawValue)\",\"message\":"
        line += JSONText.encode(message)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += ",\(JSONText.encode(key)):\(json(value))"
        }
        return line + "}"
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): JSONText.encode(text)
        case .stringConvertible(let number as any BinaryInteger): "\(number)"
        case .stringConvertible(let flag as Bool): "\(flag)"
        case .stringConvertible(let other): JSONText.encode(other.description)
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let values):
            "{\(values.sorted { $0.key < $1.key }.map { "\(JSONText.encode($0.key)):\(json($0.value))" }.joined(separator: ","))}"
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func timestamp(_ seconds: Double) -> String {
        var time = time_t(seconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        let date = String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress, $0.count, "%Y-%m-%dT%H:%M:%S", &fields)
            }
        }
        let milliseconds = String(Int((seconds - seconds.rounded(.down)) * 1000) + 1000).dropFirst()
        return "\(date).\(milliseconds)Z"
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

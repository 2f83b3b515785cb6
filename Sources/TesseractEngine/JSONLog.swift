import FoundationEssentials
import Glibc

/// The engine's log: one JSON object a line on standard error. It never holds anything of a document.
package enum JSONLog {
    package enum Level: String, Sendable {
        case info
        case warning
        case error
    }

    package enum Value: Sendable, Encodable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case text(String)
        case number(Int)

        package init(stringLiteral value: String) { self = .text(value) }
        package init(integerLiteral value: Int) { self = .number(value) }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    /// Writes a line, in one piece: others may write there too.
    ///
    /// - Parameter fields: what belongs to it, beside `time`, `level` and `message`.
    package static func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, Value> = [:]) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var bytes = Array((line(level, message, fields, seconds: now.tv_sec, nanoseconds: now.tv_nsec) + "\n").utf8)[
            ...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// The line without its end. Pure.
    package static func line(
        _ level: Level, _ message: String, _ fields: KeyValuePairs<String, Value>, seconds: Int, nanoseconds: Int
    ) -> String {
        let own: KeyValuePairs<String, Value> = [
            "time": .text(timestamp(seconds: seconds, nanoseconds: nanoseconds)), "level": .text(level.rawValue),
            "message": .text(message),
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        func json(_ value: some Encodable) -> String {
            // Strings and integers always encode.
            (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
        }
        let pairs = (Array(own) + Array(fields)).map { "\(json($0.key)):\(json($0.value))" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    /// RFC 3339 in UTC, to the millisecond.
    private static func timestamp(seconds: Int, nanoseconds: Int) -> String {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let time = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(time).\(padded(nanoseconds / 1_000_000, 3))Z"
    }
}

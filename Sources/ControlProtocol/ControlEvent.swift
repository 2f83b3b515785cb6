/// Something that supervision did or saw, once: a line of `GET /v1/events`.
package struct ControlEvent: Codable, Sendable, Equatable {
    /// Counts from 1 in each life of the container, without a gap.
    package var sequence: UInt64
    /// Seconds since 1970.
    package var time: Double
    /// What happened, as one word for machines, for example `restarting`. `docs/reference/control-socket.md` lists them.
    package var kind: String
    /// `info`, `warning` or `error`.
    package var level: String
    /// The service that it is about; nil where it is about the container.
    package var service: String?
    /// The same for people, in one sentence.
    package var message: String
    /// Further facts, by name.
    package var fields: [String: Value]?

    package init(
        sequence: UInt64, time: Double, kind: String, level: String = "info", service: String? = nil, message: String,
        fields: [String: Value]? = nil
    ) {
        self.sequence = sequence
        self.time = time
        self.kind = kind
        self.level = level
        self.service = service
        self.message = message
        self.fields = fields
    }

    package enum Value: Codable, Sendable, Equatable, CustomStringConvertible {
        case text(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let integer = try? container.decode(Int.self) {
                self = .integer(integer)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .integer(let integer): try container.encode(integer)
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            }
        }

        package var description: String {
            switch self {
            case .text(let text): text
            case .integer(let integer): "\(integer)"
            case .number(let number): "\(number)"
            case .flag(let flag): "\(flag)"
            }
        }
    }
}

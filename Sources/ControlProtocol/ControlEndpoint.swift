/// What PID 1 and the others say to each other: HTTP/1.1 and JSON over a Unix stream socket.
///
/// `docs/reference/control-socket.md` is its reference. One request a connection; what is asked with `?follow` goes on until
/// somebody closes.
///
/// | request | answer | for |
/// | --- | --- | --- |
/// | `GET /v1/state` | the container's state; `?follow`: one JSON object a line, at every change and as a heartbeat | all |
/// | `GET /v1/services`, `GET /v1/services/NAME` | its services, or one | all |
/// | `GET /v1/explain` | why it is not ready, in plain words; `?format=json` | all |
/// | `GET /v1/version` | versions | all |
/// | `GET /v1/logs` | the last lines of the log; `?service=`, `?n=`, `?follow` | owners |
/// | `GET /v1/events` | what supervision did; `?after=`, `?n=`, `?follow` | owners |
/// | `GET /v1/config` | the settings in effect, masked | owners |
/// | `POST /v1/services/NAME/COMMAND` | 202; COMMAND is `start`, `stop` or `restart` | owners |
/// | `POST /v1/reload` | 200 with what changed, or 422 with all that is wrong | owners |
/// | `POST /v1/acknowledge?revision=N` | 204; the sender's own answers now follow revision N or a later one | all |
/// | `GET /livez`, `/startupz`, `/readyz`, `/health`, `/metrics` | as on the public port | all |
///
/// Owners are root and the container's own user; all are those and the users that services run as.
package enum ControlEndpoint: Equatable, Sendable {
    case state
    case services
    case service(String)
    case explain
    case version
    case logs
    case events
    case config
    case command(String, service: String)
    case reload
    case acknowledge
    case health

    /// Names the socket in the environment of whoever may connect to it.
    package static let environmentVariable = "COXSWAIN_CONTROL_SOCKET"

    package static let commands = ["start", "stop", "restart"]

    /// For whoever asks for something that there is not.
    static let known = [
        "GET /v1/state", "GET /v1/services", "GET /v1/services/NAME", "GET /v1/explain", "GET /v1/version",
        "GET /v1/logs",
        "GET /v1/events", "GET /v1/config", "POST /v1/services/NAME/start|stop|restart", "POST /v1/reload",
        "POST /v1/acknowledge", "GET /livez, /startupz, /readyz, /health, /metrics",
    ]

    /// - Parameter path: of the request target, without its query.
    package init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(PercentCoding.decode)
        switch parts {
        case ["v1", "state"]: self = .state
        case ["v1", "services"]: self = .services
        case ["v1", "explain"]: self = .explain
        case ["v1", "version"]: self = .version
        case ["v1", "logs"]: self = .logs
        case ["v1", "events"]: self = .events
        case ["v1", "config"]: self = .config
        case ["v1", "reload"]: self = .reload
        case ["v1", "acknowledge"]: self = .acknowledge
        case ["livez"], ["startupz"], ["readyz"], ["health"], ["metrics"]: self = .health
        default:
            guard parts.count > 2, parts[0] == "v1", parts[1] == "services", !parts[2].isEmpty else { return nil }
            if parts.count == 3 {
                self = .service(parts[2])
            } else if parts.count == 4, Self.commands.contains(parts[3]) {
                self = .command(parts[3], service: parts[2])
            } else {
                return nil
            }
        }
    }

    /// The request target for it, without a query.
    package var path: String {
        switch self {
        case .state: "/v1/state"
        case .services: "/v1/services"
        case .service(let name): "/v1/services/\(PercentCoding.encode(name))"
        case .explain: "/v1/explain"
        case .version: "/v1/version"
        case .logs: "/v1/logs"
        case .events: "/v1/events"
        case .config: "/v1/config"
        case .command(let command, let name): "/v1/services/\(PercentCoding.encode(name))/\(command)"
        case .reload: "/v1/reload"
        case .acknowledge: "/v1/acknowledge"
        case .health: "/health"
        }
    }

    /// It is asked by POST, and by nothing else; what is not, by GET and HEAD.
    var isPosted: Bool {
        switch self {
        case .command, .reload, .acknowledge: true
        default: false
        }
    }

    /// Root and the container's own user alone.
    var isForOwners: Bool {
        switch self {
        case .logs, .events, .config, .command, .reload: true
        case .state, .services, .service, .explain, .version, .acknowledge, .health: false
        }
    }

    /// Makes no sense any more once the container stops.
    var isChange: Bool {
        switch self {
        case .command, .reload: true
        default: false
        }
    }
}

/// Names in request targets (RFC 3986 §2).
package enum PercentCoding {
    package static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar)
            {
                result.append(scalar)
            } else {
                result.append(contentsOf: ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(result)
    }

    /// What is no escape stays as it is.
    package static func decode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

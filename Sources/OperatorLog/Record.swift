/// One line of the log.
package struct Record: Sendable, Equatable {
    /// Seconds since 1970.
    package var time: Double
    package var level: Level
    /// Who says it: a service's name, or `coxswain`.
    package var service: String
    package var pid: Int32?
    package var message: String
    /// Further facts, in order. Never a document's text or name, and no secret.
    package var fields: [Field]

    package init(
        time: Double, level: Level, service: String, pid: Int32? = nil, message: String, fields: [Field] = []
    ) {
        self.time = time
        self.level = level
        self.service = service
        self.pid = pid
        self.message = message
        self.fields = fields
    }

    package enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: Value

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    package enum Value: Sendable, Equatable {
        case text(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)
    }
}

extension Record.Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self = .text(value) }
}

extension Record.Value: CustomStringConvertible {
    /// As people read it.
    package var description: String {
        switch self {
        case .text(let text): text
        case .integer(let integer): String(integer)
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        }
    }
}

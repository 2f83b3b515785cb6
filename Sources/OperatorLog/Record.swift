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
    package var fields: [(name: String, value: String)]

    package init(
        time: Double, level: Level, service: String, pid: Int32? = nil, message: String,
        fields: [(name: String, value: String)] = []
    ) {
        self.time = time
        self.level = level
        self.service = service
        self.pid = pid
        self.message = message
        self.fields = fields
    }

    package static func == (left: Record, right: Record) -> Bool {
        left.time == right.time && left.level == right.level && left.service == right.service && left.pid == right.pid
            && left.message == right.message
            && left.fields.map { "\($0.name)=\($0.value)" } == right.fields.map { "\($0.name)=\($0.value)" }
    }

    package enum Level: String, Sendable, CaseIterable {
        case debug, info, warning, error
    }
}

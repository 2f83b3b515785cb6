package import Health

/// What the control socket hands out beside the state, and where it comes from: PID 1 gives one closure for each.
///
/// All are called on the server's event loop and must not block it.
package struct ControlSources: Sendable {
    /// The last lines of the log, oldest first, of one service or of all.
    package var recentLog: @Sendable (_ count: Int, _ service: String?) -> [LogLine] = { _, _ in [] }
    /// Calls `receive`, on any thread, with every line from now on, until the returned closure is called.
    package var followLog: @Sendable (_ receive: @escaping @Sendable ([LogLine]) -> Void) -> @Sendable () -> Void = {
        _ in {}
    }
    /// The last events, oldest first: those after a sequence number, or all that are remembered.
    package var events: @Sendable (_ after: UInt64?, _ count: Int) -> [ControlEvent] = { _, _ in [] }
    /// As ``followLog``, for events.
    package var followEvents:
        @Sendable (_ receive: @escaping @Sendable ([ControlEvent]) -> Void) -> @Sendable () -> Void =
            { _ in {} }
    /// The settings in effect, secrets masked.
    package var settings: @Sendable () -> [Setting] = { [] }
    /// Reads the settings again, and calls `answer` once, on any thread, with what came of it.
    package var reload: @Sendable (_ answer: @escaping @Sendable (ReloadAnswer) -> Void) -> Void = { answer in
        answer(.impossible("this coxswain cannot read its settings again"))
    }
    /// What is measured for whoever asks: memory, metrics. Nil where nothing is.
    package var reading: @Sendable () -> ContainerReading? = { nil }
    /// For `GET /v1/version`, beside the version.
    package var build = Build()

    package init() {}

    /// A line of the log, as the log has it: a JSON object without a line end.
    package struct LogLine: Sendable, Equatable {
        /// Grows with each line.
        package var sequence: UInt64
        package var service: String
        package var json: String

        package init(sequence: UInt64, service: String, json: String) {
            self.sequence = sequence
            self.service = service
            self.json = json
        }
    }

    package struct Setting: Codable, Sendable, Equatable {
        /// For example `service.engine.ready.within`.
        package var key: String
        package var value: String
        /// Where it came from, for example `default`, `/etc/coxswain/coxswain.toml:12`, `PORT`.
        package var source: String

        package init(key: String, value: String, source: String) {
            self.key = key
            self.value = value
            self.source = source
        }
    }

    package enum ReloadAnswer: Sendable, Equatable {
        case done(Reloaded)
        /// All that is wrong, one sentence each; nothing was changed.
        case refused([String])
        /// Why nothing can be reloaded now, as one sentence.
        case impossible(String)
    }

    /// Names of services, and of settings that take effect only when the container starts anew.
    package struct Reloaded: Codable, Sendable, Equatable {
        package var added: [String]
        package var changed: [String]
        package var removed: [String]
        package var later: [String]

        package init(added: [String] = [], changed: [String] = [], removed: [String] = [], later: [String] = []) {
            self.added = added
            self.changed = changed
            self.removed = removed
            self.later = later
        }
    }

    /// What this coxswain was built with and runs on.
    package struct Build: Codable, Sendable, Equatable {
        package var swift: String?
        package var kernel: String?
        package var architecture: String?
        package var pid: Int32?

        package init(swift: String? = nil, kernel: String? = nil, architecture: String? = nil, pid: Int32? = nil) {
            self.swift = swift
            self.kernel = kernel
            self.architecture = architecture
            self.pid = pid
        }
    }
}

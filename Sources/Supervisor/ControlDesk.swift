import ControlProtocol
import Health
import OperatorLog
import Settings
import Synchronization

/// What the control socket hands out beside the state.
final class ControlDesk: Sendable {
    let events = EventHistory()
    private let configuration: Mutex<Configuration>

    init(_ configuration: Configuration) { self.configuration = Mutex(configuration) }

    /// The settings in effect from now on.
    func know(_ configuration: Configuration) { self.configuration.withLock { $0 = configuration } }

    /// - Parameters:
    ///   - reading: measures; called on any thread.
    ///   - reload: has the settings read again, and calls its argument with what came of it.
    func sources(
        log: RecentLog, reading: @escaping @Sendable () -> ContainerReading?,
        reload: @escaping @Sendable (@escaping @Sendable (ControlSources.ReloadAnswer) -> Void) -> Void
    ) -> ControlSources {
        @Sendable func line(_ line: RecentLog.Line) -> ControlSources.LogLine {
            .init(sequence: line.sequence, service: line.service, json: line.json)
        }
        var sources = ControlSources()
        sources.recentLog = { count, service in log.last(count, of: service).map(line) }
        sources.followLog = { receive in
            let id = log.follow { receive($0.map(line)) }
            return { log.unfollow(id) }
        }
        sources.events = { [events] after, count in events.last(count, after: after) }
        sources.followEvents = { [events] in events.follow($0) }
        sources.settings = { [self] in
            configuration.withLock { $0 }.effective.map {
                .init(key: $0.key, value: $0.value, source: "\($0.source)")
            }
        }
        sources.reading = reading
        sources.reload = reload
        sources.build = BuildInformation.current()
        return sources
    }
}

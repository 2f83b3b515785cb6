import ControlProtocol
import Lifecycle
import OperatorLog
import Synchronization
import TimeOfDay

/// What supervision did, as it was told: the last few hundred events, for whoever asks, and news for whoever follows.
///
/// The deciding thread adds; whoever answers asks, on another thread.
final class EventHistory: Sendable {
    private struct Store {
        var events: [ControlEvent] = []
        var sequence: UInt64 = 0
        var followers: [UInt64: @Sendable ([ControlEvent]) -> Void] = [:]
        var follows: UInt64 = 0
    }

    private let store = Mutex(Store())
    private let capacity: Int

    /// Texts are cut at this many characters: some quote a log.
    private static let longest = 2000

    /// - Parameter capacity: most events that are kept, of about a kilobyte at most each.
    init(capacity: Int = 500) { self.capacity = max(1, capacity) }

    /// Keeps an event and tells those who follow.
    func add(
        _ kind: String, _ level: Record.Level = .info, service: String? = nil, _ message: String,
        _ fields: [String: ControlEvent.Value] = [:]
    ) {
        let (event, followers) = store.withLock { store in
            store.sequence += 1
            let event = ControlEvent(
                sequence: store.sequence, time: (WallClock.now() * 1000).rounded() / 1000, kind: kind,
                level: level.rawValue, service: service, message: String(message.prefix(Self.longest)),
                fields: fields.isEmpty ? nil : fields.mapValues(Self.cut))
            store.events.append(event)
            // Rarely and by many, since removing the first moves all the others.
            if store.events.count >= capacity + capacity / 4 + 1 {
                store.events.removeFirst(store.events.count - capacity)
            }
            return (event, Array(store.followers.values))
        }
        for follower in followers { follower([event]) }
    }

    /// Keeps what the core reports.
    ///
    /// - Parameters:
    ///   - line: the same as the log has it, secrets masked.
    ///   - services: in the order of their indices.
    func note(_ report: Report, _ line: Narrator.Line, of services: [ServiceMachine]) {
        var fields: [String: ControlEvent.Value] = [:]
        for field in line.fields {
            switch field.value {
            case .text(let text): fields[field.name] = .text(text)
            case .integer(let number): fields[field.name] = .integer(number)
            case .number(let number): fields[field.name] = .number(number)
            case .flag(let flag): fields[field.name] = .flag(flag)
            }
        }
        let facts = EventFacts(report)
        fields.merge(facts.fields) { $1 }
        // The log's own name for it, where every record has a `pid`.
        if fields["pid"] != nil { fields["main_pid"] = nil }
        let name = facts.service.flatMap { services.indices.contains($0) ? services[$0].definition.name : nil }
        add(facts.kind, line.level, service: name, line.message, fields)
    }

    /// Oldest first.
    ///
    /// - Parameter after: only those with greater numbers. A number that was not given yet is one of an earlier life: then all.
    func last(_ count: Int, after: UInt64? = nil) -> [ControlEvent] {
        store.withLock { store in
            let known = after.flatMap { $0 <= store.sequence ? $0 : nil } ?? 0
            return store.events.suffix(capacity).filter { $0.sequence > known }.suffix(max(0, count))
        }
    }

    /// Calls `receive` with every event from now on, on the thread that adds it, until what is returned is called.
    func follow(_ receive: @escaping @Sendable ([ControlEvent]) -> Void) -> @Sendable () -> Void {
        let number = store.withLock { store in
            store.follows += 1
            store.followers[store.follows] = receive
            return store.follows
        }
        return { [self] in store.withLock { $0.followers[number] = nil } }
    }

    private static func cut(_ value: ControlEvent.Value) -> ControlEvent.Value {
        if case .text(let text) = value { .text(String(text.prefix(longest))) } else { value }
    }
}

/// A report of the core for machines: one word, and numbers.
struct EventFacts {
    var kind: String
    /// Index of the service.
    var service: Int?
    var fields: [String: ControlEvent.Value] = [:]

    init(_ report: Report) {
        switch report {
        case .phase(let phase, let reason):
            kind = "phase"
            fields = ["phase": .text(phase.rawValue), "reason": .text(reason)]
        case .started(let id, let pid):
            (kind, service) = ("started", id.service)
            fields = pid > 0 ? ["pid": .integer(Int(pid))] : [:]
        case .ready(let id, let after):
            (kind, service) = ("ready", id.service)
            fields = ["seconds": Self.seconds(after)]
        case .done(let id, let after):
            (kind, service) = ("done", id.service)
            fields = ["seconds": Self.seconds(after)]
        case .unwell(let id, _): (kind, service) = ("unwell", id.service)
        case .recovered(let id): (kind, service) = ("recovered", id.service)
        case .canaryRefused(let id, _): (kind, service) = ("canary-refused", id.service)
        case .failed(let id, let diagnosis, let ran):
            (kind, service) = ("failed", id.service)
            fields = [
                "cause": .text(diagnosis.cause), "kind": .text(diagnosis.kind.rawValue), "seconds": Self.seconds(ran),
                "can-retry": .flag(diagnosis.canRetry),
            ]
        case .restarting(let index, let wait, let attempt, let limit):
            (kind, service) = ("restarting", index)
            fields = ["in-seconds": Self.seconds(wait), "attempt": .integer(attempt), "limit": .integer(limit)]
        case .gaveUp(let index, _, let then):
            (kind, service) = ("gave-up", index)
            fields = ["then": .text(then.rawValue)]
        case .stopping(let id, _): (kind, service) = ("stopping", id.service)
        case .stopped(let id, _, let took):
            (kind, service) = ("stopped", id.service)
            fields = ["seconds": Self.seconds(took)]
        case .aborting(let id): (kind, service) = ("aborting", id.service)
        case .killing(let id, _): (kind, service) = ("killing", id.service)
        case .stuck(let id): (kind, service) = ("stuck", id.service)
        case .memoryHeld(let index, _): (kind, service) = ("memory-held", index)
        case .commanded(let command, let index):
            (kind, service) = ("command", index)
            fields = ["command": .text(command.rawValue)]
        case .reloaded(let added, let changed, let removed):
            kind = "reloaded"
            fields = [
                "added": .text(added.joined(separator: ",")), "changed": .text(changed.joined(separator: ",")),
                "removed": .text(removed.joined(separator: ",")),
            ]
        }
    }

    /// Milliseconds are enough.
    private static func seconds(_ duration: Duration) -> ControlEvent.Value {
        .number((duration.inSeconds * 1000).rounded() / 1000)
    }
}

extension LogHub {
    /// What is told elsewhere than in the log.
    func redacted(_ line: Narrator.Line) -> Narrator.Line {
        let fields = line.fields.map { field in
            if case .text(let text) = field.value { (field.name, Record.Value.text(redacted(text))) } else { field }
        }
        return (line.level, redacted(line.message), fields)
    }
}

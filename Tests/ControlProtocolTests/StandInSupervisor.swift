import ControlProtocol
import Foundation
import Health
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A real control server whose supervisor does nothing but remember.
final class StandInSupervisor: Sendable {
    let path: String
    let server: ControlServer
    private let folder: TestFolder
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let notes = Store<String>()
    private let log = Store<ControlSources.LogLine>()
    private let events = Store<ControlEvent>()

    private final class Store<Item: Sendable>: Sendable {
        let state = Mutex<(items: [Item], followers: [Int: @Sendable ([Item]) -> Void], follows: Int)>(([], [:], 0))

        func add(_ items: [Item]) {
            let followers = state.withLock { state in
                state.items += items
                return Array(state.followers.values)
            }
            for follower in followers { follower(items) }
        }

        func follow(_ receive: @escaping @Sendable ([Item]) -> Void) -> @Sendable () -> Void {
            let number = state.withLock { state in
                state.follows += 1
                state.followers[state.follows] = receive
                return state.follows
            }
            return { [self] in state.withLock { $0.followers[number] = nil } }
        }

        var items: [Item] { state.withLock { $0.items } }
        var followers: Int { state.withLock { $0.followers.count } }
    }

    init(users: Set<UInt32> = [], reload: ControlSources.ReloadAnswer = .done(.init(changed: ["api"]))) throws {
        folder = try TestFolder()
        chmod(folder.path, 0o755)
        path = "\(folder.path)/control.sock"
        let listener = try Self.listen(path)
        chmod(path, 0o666)
        var sources = ControlSources()
        sources.recentLog = { [log] count, service in
            log.items.filter { service == nil || $0.service == service }.suffix(count)
        }
        sources.followLog = { [log] in log.follow($0) }
        sources.events = { [events] after, count in events.items.filter { $0.sequence > after ?? 0 }.suffix(count) }
        sources.followEvents = { [events] in events.follow($0) }
        sources.settings = { [.init(key: "listen", value: "\"[::]:8081\"", source: "default")] }
        // From another thread, as PID 1 does.
        sources.reload = { answer in Thread.detachNewThread { answer(reload) } }
        server = ControlServer(
            group: group, users: users, sources: sources,
            acknowledged: { [notes] revision in notes.add(["acknowledged \(revision)"]) },
            command: { [notes] command, service in notes.add(["\(command) \(service)"]) })
        _ = try server.accept(on: listener).wait()
    }

    deinit { group.shutdownGracefully { _ in } }

    /// What was asked for.
    var asked: [String] { notes.items }
    var followers: Int { log.followers + events.followers }

    func say(_ service: String, _ messages: [String]) {
        let first = UInt64(log.items.count + 1)
        log.add(
            messages.enumerated().map { index, message in
                .init(
                    sequence: first + UInt64(index), service: service,
                    json:
                        #"{"time":"2026-11-22T10:00:00.000Z","level":"info","service":"\#(service)","message":"\#(message)"}"#
                )
            })
    }

    func happen(_ kind: String, _ message: String) {
        events.add([
            ControlEvent(
                sequence: UInt64(events.items.count + 1), time: 1, kind: kind, service: "engine", message: message)
        ])
    }

    private static func listen(_ path: String) throws -> CInt {
        let descriptor = try LocalSocket.bind(
            toPath: path, type: Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
        guard Foundation.listen(descriptor, 128) == 0 else { throw HTTPExchange.Failure.other(errno) }
        return descriptor
    }
}

/// A container with an engine that is `state`, and an API.
func aState(_ revision: UInt64 = 1, engine: String = "ready", phase: ContainerState.Phase = .ready) -> ContainerState {
    ContainerState(
        revision: revision, phase: phase, ready: phase == .ready, startedOnce: true,
        reason: phase == .ready ? "" : "engine is \(engine)", startedAt: 1000,
        services: [
            ServiceState(name: "engine", state: engine, since: 1010, pid: 10),
            ServiceState(name: "api", state: "ready", since: 1001, pid: 11),
        ])
}

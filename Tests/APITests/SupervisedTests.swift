import API
import ControlProtocol
import Glibc
import Health
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// The api as a child of PID 1.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SupervisedTests {
    private static func state(
        _ revision: UInt64, engine: String, phase: ContainerState.Phase = .ready, ready: Bool = true,
        startedOnce: Bool = true, proven: Bool? = nil
    ) -> ContainerState {
        ContainerState(
            revision: revision, phase: phase, ready: ready, startedOnce: startedOnce,
            engineProven: proven ?? (engine == "ready"), reason: ready ? "" : "the engine is away", progress: 0.4,
            services: [ServiceState(name: "engine", state: engine, since: 0)],
            facts: Facts(version: "9.9", vllmURL: "http://set.by.operator/v1/markdown"))
    }

    @Test func thePageWaitsForTheEngineAndTheStateIsPassedOn() async throws {
        let supervisor = try Supervisor()
        supervisor.publish(Self.state(1, engine: "backoff", phase: .degraded, ready: false))
        let engine = StandInEngine()
        try await RunningAPI.serving(engine: engine, change: { $0.controlSocket = supervisor.path }) {
            api async throws in
            #expect(await soon { supervisor.acknowledged == 1 })
            let ready = try await api.request("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(ready.body.contains("the engine is away"))
            #expect(try await api.request("GET", "/").body.contains("http://set.by.operator/v1/markdown"))
            // Work is taken and waits.
            async let exchange = api.post(Documents.pdf(pages: 1))
            try await Task.sleep(for: .milliseconds(300))
            #expect(engine.count == 0)
            supervisor.publish(Self.state(2, engine: "ready"))
            #expect(try await exchange.status == 200)
            #expect(await soon { supervisor.acknowledged == 2 })
            #expect(try await api.request("GET", "/readyz").status == 200)
        }
    }

    @Test func noWorkIsTakenBeforeTheContainerWasReadyOnce() async throws {
        let supervisor = try Supervisor()
        supervisor.publish(
            Self.state(1, engine: "ready", phase: .warming, ready: false, startedOnce: false, proven: false))
        let engine = StandInEngine()
        try await RunningAPI.serving(engine: engine, change: { $0.controlSocket = supervisor.path }) {
            api async throws in
            let refused = try await api.post(Documents.pdf(pages: 1))
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] != nil)
            #expect(refused.body.contains(#""phase":"warming""#) && refused.body.contains(#""progress":0.4"#))
            #expect(try await api.request("GET", "/startupz").status == 503)
            supervisor.publish(Self.state(2, engine: "ready"))
            #expect(await soon { supervisor.acknowledged == 2 })
            #expect(try await api.post(Documents.pdf(pages: 1)).status == 200)
        }
        #expect(engine.count == 1)
    }

    @Test func theWordOfPID1OpensTheGateAndNotTheEnginesState() async throws {
        let supervisor = try Supervisor()
        // The engine is back and answers, and nobody has proven it yet.
        supervisor.publish(Self.state(1, engine: "ready", phase: .degraded, ready: false, proven: false))
        let engine = StandInEngine()
        try await RunningAPI.serving(engine: engine, change: { $0.controlSocket = supervisor.path }) {
            api async throws in
            async let exchange = api.post(Documents.pdf(pages: 1))
            try await Task.sleep(for: .milliseconds(300))
            #expect(engine.count == 0)
            supervisor.publish(Self.state(2, engine: "unready", proven: true))
            #expect(try await exchange.status == 200)
        }
    }

    @Test func workIsStillTakenWhileTheContainerDrains() async throws {
        let supervisor = try Supervisor()
        supervisor.publish(Self.state(5, engine: "ready", phase: .draining, ready: false))
        try await RunningAPI.serving(change: { $0.controlSocket = supervisor.path }) { api async throws in
            #expect(try await api.request("GET", "/readyz").status == 503)
            #expect(try await api.post(Documents.pdf(pages: 1)).status == 200)
        }
    }

    @Test func noWorkIsTakenByAContainerThatGaveUp() async throws {
        let supervisor = try Supervisor()
        supervisor.publish(Self.state(5, engine: "failed", phase: .failed, ready: false))
        try await RunningAPI.serving(change: { $0.controlSocket = supervisor.path }) { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 1))
            #expect(exchange.status == 503)
            #expect(exchange.headers["retry-after"] == "5")
            #expect(exchange.body.contains("\"phase\":\"failed\""))
        }
    }
}

/// PID 1's end of the control socket.
private final class Supervisor: Sendable {
    let path: String
    private let folder: TestFolder
    private let server: ControlServer
    private let highest = Highest()

    /// The last revision that the api said it follows.
    var acknowledged: UInt64 { highest.value.withLock { $0 } }

    private final class Highest: Sendable {
        let value = Mutex<UInt64>(0)
    }

    init() throws {
        folder = try TestFolder()
        path = "\(folder.path)/control.sock"
        server = ControlServer(group: MultiThreadedEventLoopGroup.singleton) { [highest] revision in
            highest.value.withLock { $0 = max($0, revision) }
        }
        let descriptor = try LocalSocket.bind(toPath: path)
        guard listen(descriptor, 16) == 0 else { throw HTTPExchange.Failure.other(errno) }
        _ = try server.accept(on: descriptor).wait()
    }

    func publish(_ state: ContainerState) { server.publish(state) }
}

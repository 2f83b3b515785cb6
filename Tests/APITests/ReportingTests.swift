import API
import EngineClient
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Pipeline
import Synchronization
import TestSupport
import Testing

/// What the reporter and the watchdog send, in a list.
private final class Outbox: Sendable {
    private let state = Mutex((messages: [String](), losing: 0))

    var messages: [String] { state.withLock { $0.messages } }

    /// The next ones are lost on their way.
    func lose(_ count: Int) { state.withLock { $0.losing = count } }

    func send(_ message: String) -> Bool {
        state.withLock { state in
            if state.losing > 0 {
                state.losing -= 1
                return false
            }
            state.messages.append(message)
            return true
        }
    }

    /// Requests and microseconds of each report.
    var reports: [(requests: Int, silence: Int)] {
        messages.map { message in
            let fields = message.split(separator: "\n").map { $0.split(separator: "=") }
            guard fields.count == 2, fields[0][0] == "X_ENGINE_REQUESTS", fields[1][0] == "X_ENGINE_SILENT_USEC" else {
                return (-1, -1)
            }
            return (Int(fields[0][1]) ?? -1, Int(fields[1][1]) ?? -1)
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct ActivityReporterTests {
    private func reporting(
        _ engine: StandInEngine, interval: Duration = .milliseconds(100),
        _ body: @escaping @Sendable (EngineClient, Outbox) async throws -> Void
    ) async throws {
        try await engine.serving { url in
            let client = try EngineClient(configuration: EngineConfiguration(baseURL: url, model: "stand-in"))
            let outbox = Outbox()
            let reporter = ActivityReporter(activity: client.activity, interval: interval) { outbox.send($0) }
            let running = Task { await reporter.run() }
            try await body(client, outbox)
            running.cancel()
            await running.value
        }
    }

    private static func read(_ client: EngineClient) async throws {
        _ = try await client.recognise(EngineRequest(image: [1], mediaType: .png), deadline: .now + .seconds(30))
    }

    @Test func nothingIsSaidWhileNothingIsInFlight() async throws {
        try await reporting(StandInEngine(), interval: .milliseconds(10)) { _, outbox in
            try await Task.sleep(for: .milliseconds(200))
            #expect(outbox.messages.isEmpty)
        }
    }

    @Test func beginningAndEndAreSaidAtOnceAndTheTimeBetweenAtIntervals() async throws {
        let engine = StandInEngine { _ in .stream(String(repeating: "x", count: 20), pause: .milliseconds(40)) }
        try await reporting(engine) { client, outbox in
            try await Self.read(client)
            #expect(await soon { outbox.reports.last?.requests == 0 })
            let reports = outbox.reports
            #expect(reports.first?.requests == 1)
            #expect(reports.dropLast().allSatisfy { $0.requests == 1 && $0.silence < 600_000 })
            // 800 ms in all.
            #expect((4...12).contains(reports.count))
            try await Task.sleep(for: .milliseconds(250))
            #expect(outbox.reports.count == reports.count)
        }
    }

    @Test func silenceGrows() async throws {
        try await reporting(StandInEngine { _ in .never }) { client, outbox in
            let hung = Task { try await Self.read(client) }
            #expect(await soon { (outbox.reports.last?.silence ?? 0) > 400_000 })
            let silences = outbox.reports.map(\.silence)
            #expect(silences == silences.sorted())
            hung.cancel()
            _ = await hung.result
            #expect(await soon { outbox.reports.last?.requests == 0 })
        }
    }

    @Test func aZeroThatWasLostIsSaidAgain() async throws {
        try await reporting(StandInEngine()) { client, outbox in
            outbox.lose(4)
            try await Self.read(client)
            #expect(await soon { outbox.reports.last?.requests == 0 })
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct WatchdogTests {
    @Test func pingsStopWhileOneLoopHangsAndGoOnAfterwards() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let outbox = Outbox()
        let loops = Array(group.makeIterator())
        let watchdog = Watchdog(interval: .milliseconds(60), loops: loops) { outbox.send($0) }
        let running = Task { await watchdog.run() }
        #expect(await soon { outbox.messages.count >= 3 })
        let hangs = Hang()
        loops[1].execute { hangs.wait() }
        try await Task.sleep(for: .milliseconds(100))
        let count = outbox.messages.count
        try await Task.sleep(for: .milliseconds(500))
        #expect(outbox.messages.count == count)
        hangs.end()
        #expect(await soon { outbox.messages.count >= count + 3 })
        #expect(Set(outbox.messages) == ["WATCHDOG=1"])
        running.cancel()
        await running.value
        try await group.shutdownGracefully()
    }

    @Test func pingsWaitForWhateverElseHasToTurn() async throws {
        let outbox = Outbox()
        let latch = Latch()
        let watchdog = Watchdog(interval: .milliseconds(30), loops: [], others: { await latch.wait() }) {
            outbox.send($0)
        }
        let running = Task { await watchdog.run() }
        try await Task.sleep(for: .milliseconds(200))
        #expect(outbox.messages.isEmpty)
        latch.open()
        #expect(await soon { outbox.messages.count >= 3 })
        running.cancel()
        await running.value
    }

    private final class Hang: Sendable {
        private let isOver = Atomic(false)
        func wait() { while !isOver.load(ordering: .relaxed) { usleep(1000) } }
        func end() { isOver.store(true, ordering: .relaxed) }
    }
}

/// The api as a process that PID 1 watches.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WatchedProcessTests {
    /// `coxswain-ocr serve` on a free port.
    private final class Served: Sendable {
        let port: UInt16
        let receiver: NotifyReceiver
        private let folder: TestFolder
        private let process = Process()

        var pid: Int32 { process.processIdentifier }

        init(engine: String, environment: [String: String] = [:]) throws {
            folder = try TestFolder()
            receiver = try NotifyReceiver()
            port = try Container.freePort()
            process.executableURL = URL(fileURLWithPath: Programs.path("coxswain-ocr"))
            process.arguments = ["serve", "--listen", "127.0.0.1:\(port)"]
            process.environment = [
                "COXSWAIN_ENGINE_URL": engine, "OUTPUT_DIR": folder.path, "COXSWAIN_CORES": "1", "USE_VLM_API": "false",
                "NOTIFY_SOCKET": receiver.path,
            ].merging(environment) { $1 }
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        deinit {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        func end() { process.terminate(); process.waitUntilExit() }
    }

    @Test func aStoppedApiFallsSilentAndALivingOnePings() async throws {
        let api = try Served(engine: "http://127.0.0.1:1/v1", environment: ["WATCHDOG_USEC": "600000"])
        var heard: [String] = []
        #expect(
            await soon {
                heard += api.receiver.take()
                return heard.count { $0 == "WATCHDOG=1" } >= 4
            })
        #expect(heard.contains { $0.hasPrefix("READY=1") })
        // Nothing is at the engine.
        #expect(!heard.contains { $0.hasPrefix("X_") })
        kill(api.pid, SIGSTOP)
        try await Task.sleep(for: .milliseconds(100))
        _ = api.receiver.take()
        try await Task.sleep(for: .milliseconds(700))
        #expect(api.receiver.take().isEmpty)
        kill(api.pid, SIGCONT)
        #expect(await soon { api.receiver.take().contains("WATCHDOG=1") })
        api.end()
        #expect(api.receiver.take().contains { $0.hasPrefix("STOPPING=1") })
    }

    @Test func nobodyIsPingedWhoDidNotAsk() async throws {
        for environment in [[:], ["WATCHDOG_USEC": "90000", "WATCHDOG_PID": "1"]] {
            let api = try Served(engine: "http://127.0.0.1:1/v1", environment: environment)
            var heard: [String] = []
            #expect(
                await soon {
                    heard += api.receiver.take()
                    return heard.contains { $0.hasPrefix("READY=1") }
                })
            try await Task.sleep(for: .milliseconds(300))
            heard += api.receiver.take()
            #expect(!heard.contains("WATCHDOG=1"))
        }
    }

    @Test func requestsAtTheEngineAreReported() async throws {
        let engine = StandInEngine { _ in .stream(String(repeating: "x", count: 12), pause: .milliseconds(150)) }
        try await engine.serving { url in
            let api = try Served(engine: url)
            #expect(await soon { api.receiver.take().contains { $0.hasPrefix("READY=1") } })
            let port = api.port
            let body = Documents.form(Documents.pdf(pages: 1))
            let head =
                "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.count)\r\n"
                + "Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
            let status = try await RunningAPI.blocking {
                let connection = try HTTPExchange.Connection(port: port, timeout: 30)
                try connection.send(Array(head.utf8) + body)
                return try connection.answer().status
            }
            #expect(status == 200)
            var heard: [String] = []
            #expect(
                await soon {
                    heard += api.receiver.take()
                    return heard.last?.hasPrefix("X_ENGINE_REQUESTS=0\n") == true
                })
            let reports = heard.filter { $0.hasPrefix("X_ENGINE_REQUESTS=1\nX_ENGINE_SILENT_USEC=") }
            // At once, and once a second.
            #expect((2...4).contains(reports.count), "\(heard)")
        }
    }
}

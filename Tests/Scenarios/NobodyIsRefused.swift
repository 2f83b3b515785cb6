import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A client that opens a new connection every millisecond is never refused, whatever dies or is replaced behind the
    /// port, and hears nothing that is not so.
    @Suite(.serialized) struct NobodyIsRefused {
        /// What dies here dies more often than the defaults allow.
        private static let settings = """
            [service.engine]
            restart = { backoff = ["0s", "0s", "0s"], limit = 1000, failed-starts = 1000 }
            [service.api]
            restart = { backoff = ["0s", "0s", "0s"], limit = 1000, failed-starts = 1000 }

            """

        private static func begin() throws -> (Container, StateHistory) {
            let container = try Container(settings: settings)
            try container.waitUntilReady()
            return (container, try StateHistory(socket: container.controlSocket))
        }

        @Test func throughAHundredKillsOfTheAPIAndFiveOfTheEngine() throws {
            let (container, history) = try Self.begin()
            let storm = ConnectionStorm(port: container.port, rhythm: Storm.rhythm, judge: Storm.judge)
            var kills: [Kill] = []
            for round in 1...100 {
                kills.append(try Self.killAPI(round, container, history, storm))
                if round.isMultiple(of: 20) { try Self.killEngine(container, history, storm) }
            }
            let connections = storm.end()
            Storm.expectTruth(connections, history)
            // Each that was lost was lost by a kill, and by one that could lose it.
            var unexplained: [ConnectionStorm.Connection] = []
            for connection in connections where connection.endedEarly {
                // The end of one is noticed late where the machine is busy, maybe after the next kill.
                let kill = kills.lastIndex {
                    $0.at <= connection.endedAt && connection.openedAt <= $0.overAt
                        && $0.held?.contains(connection.peer) ?? true
                }
                if let kill {
                    kills[kill].lost.append(connection)
                } else {
                    unexplained.append(connection)
                }
            }
            for kill in kills { print(kill) }
            print(Storm.summary(connections))
            #expect(unexplained.isEmpty, "\(unexplained.count): \(unexplained.prefix(10))")
        }

        private static func killAPI(
            _ round: Int, _ container: Container, _ history: StateHistory, _ storm: ConnectionStorm
        ) throws -> Kill {
            let api = try container.awaitRunning("coxswain-ocr", "serve")
            let restarts = history.last?.service("api")?.restarts ?? 0
            storm.ask(Storm.upload(round))
            usleep(UInt32.random(in: 0...30_000))
            var kill = Kill(round: round)
            if round.isMultiple(of: 2) {
                // Stopped first: what it holds then is exactly what goes with it.
                AcceptedConnections.stop(api)
                kill.held = AcceptedConnections.of(api, on: container.port)
            }
            kill.at = ConnectionStorm.now()
            Foundation.kill(api, SIGKILL)
            storm.ask(Storm.upload(round + 1))
            // Until the last of its threads has been interrupted it goes on accepting.
            #expect(eventually { !Self.hasThreads(api) })
            kill.overAt = ConnectionStorm.now()
            #expect(awaitAPI(history, after: restarts), "kill \(round)")
            kill.backAt = ConnectionStorm.now()
            return kill
        }

        /// A zombie is still listed, as its first thread.
        private static func hasThreads(_ process: pid_t) -> Bool {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
            let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            return threads.count > 1 || (stat.map { !$0.contains(") Z ") } ?? false)
        }

        /// With the api in place, which then says that the container is not ready.
        private static func killEngine(
            _ container: Container, _ history: StateHistory, _ storm: ConnectionStorm
        ) throws {
            #expect(eventually { history.last?.ready == true })
            let engine = try #require(container.processes("coxswain-tesseract").first)
            storm.ask(Storm.upload(0))
            Foundation.kill(engine, SIGKILL)
            #expect(eventually { history.last?.ready == false })
            storm.ask(Storm.upload(1))
            #expect(eventually { history.last?.ready == true })
        }

        private static func awaitAPI(_ history: StateHistory, after restarts: Int) -> Bool {
            eventually {
                guard let service = history.last?.service("api") else { return false }
                return service.restarts > restarts && service.state == "ready"
            }
        }

        @Test func throughAHundredGracefulRestartsOfTheAPI() throws {
            let (container, history) = try Self.begin()
            let storm = ConnectionStorm(port: container.port, rhythm: Storm.rhythm, judge: Storm.judge)
            var longest = 0.0
            for round in 1...100 {
                let restarts = history.last?.service("api")?.restarts ?? 0
                storm.ask(Storm.upload(round))
                usleep(UInt32.random(in: 0...30_000))
                let asked = ConnectionStorm.now()
                #expect(try ControlSocket.command("restart", "api", at: container.controlSocket) == 202)
                storm.ask(Storm.upload(round + 1))
                #expect(Self.awaitAPI(history, after: restarts), "restart \(round)")
                longest = max(longest, ConnectionStorm.now() - asked)
            }
            let connections = storm.end()
            Storm.expectTruth(connections, history)
            print(Storm.summary(connections) + "; the longest restart took \(Int(longest * 1000)) ms")
            let lost = connections.filter(\.endedEarly)
            #expect(lost.isEmpty, "\(lost.count): \(lost.prefix(10))")
        }

        @Test func beforeItIsReadyAndWhileItDrains() throws {
            // A warm-up of a second, in which PID 1 answers.
            let container = try Container(
                settings: Self.settings + "[service.warmup]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 1\"]\n")
            #expect(eventually { (try? container.get("/livez"))?.status == 200 })
            let storm = ConnectionStorm(port: container.port, rhythm: [.get("/health")], judge: Storm.judgeAlways)
            var round = 0
            func upload() {
                round += 1
                storm.ask(Storm.upload(round))
                usleep(100_000)
            }
            while (try? container.get("/readyz"))?.status != 200 { upload() }
            for _ in 0..<4 { upload() }
            container.signal(SIGTERM)
            while container.isRunning { upload() }
            let connections = storm.end()
            print(Storm.summary(connections))
            #expect(try container.exitCode() == 0)
            let complaints = connections.compactMap(\.complaint)
            #expect(complaints.isEmpty, "\(complaints.count): \(complaints.prefix(5))")
            // Refused only at the very end, and who came before that had an answer. Those of the last moment may be in the
            // socket's queue when it closes, or, on a busy machine, in the middle of their 50 MB.
            let last = try #require(connections.filter { $0.ending == .refused }.map(\.openedAt).min())
            let early = connections.filter { $0.openedAt < last - 1 && $0.endedEarly }
            #expect(early.isEmpty, "\(early.count): \(early.prefix(5))")
            #expect(connections.count { $0.isUpload && $0.ending == .whole(status: 503) } > 5)
        }
    }
}

/// One kill of the api, and what went with it.
private struct Kill: CustomStringConvertible {
    var round: Int
    /// Before it was killed, and when nothing of it can run any more.
    var at = 0.0
    var overAt = 0.0
    var backAt = 0.0
    /// Connections that it had accepted; nil where nobody looked.
    var held: Set<ConnectionStorm.Peer>?
    var lost: [ConnectionStorm.Connection] = []

    init(round: Int) { self.round = round }

    var description: String {
        let of = held.map { " of the \($0.count) it had accepted" } ?? ""
        return "kill \(round): \(lost.count) connections\(of) ended early; back after \(Int((backAt - at) * 1000)) ms"
    }
}

/// What is asked, and which answers are true.
private enum Storm {
    /// Some ask the server to close and some do not; some take a while before they ask.
    static let rhythm: [ConnectionStorm.Question] = [
        .get("/readyz?format=json"), .get("/"), .get("/livez", closes: false), .get("/health"),
        .get("/readyz?format=json", closes: false), .get("/", closes: false), .get("/startupz", hesitation: 0.01),
        .get("/health", closes: false, hesitation: 0.05),
    ]

    static let size = 50 << 20

    static func upload(_ round: Int) -> ConnectionStorm.Question {
        round.isMultiple(of: 3)
            ? .plainPost("/ocr/pdf", bytes: size) : .form("/ocr/pdf", beginning: [], bytes: size)
    }

    static let judge: @Sendable (ConnectionStorm.Question.Kind, ConnectionStorm.Answer) -> String? = { kind, answer in
        func wrong(_ what: String) -> String { "\(kind) \(what): \(answer.status) \(answer.headers) \(answer.text)" }
        // Whoever refuses work says until when.
        if answer.status == 503, answer.headers["retry-after"].flatMap({ Int($0) }) ?? 0 < 1 {
            return wrong("does not say when to come back")
        }
        guard kind != .get("/livez"), kind != .get("/startupz") else {
            // The container can heal itself all the time, and its start is over.
            return answer.status == 200 && answer.text == "ok\n" ? nil : wrong("is not ok")
        }
        guard let body = answer.json else { return wrong("is not JSON") }
        switch kind {
        case .get("/readyz?format=json"):
            let isReady = body["status"] as? String == "ok"
            let saysWhy = (body["reason"] as? String)?.isEmpty == false
            let isTrue = answer.status == 200 ? isReady : answer.status == 503 && !isReady && saysWhy
            return isTrue ? nil : wrong("contradicts itself")
        case .get("/health"):
            let isHealthy = body["ready"] as? Bool == true && body["phase"] as? String == "ready"
            let word = isHealthy ? "healthy" : "degraded"
            return answer.status == 200 && body["status"] as? String == word ? nil : wrong("contradicts itself")
        case .get:
            let isService = answer.status == 200 && body["service"] as? String == "coxswain"
            let isRefused = answer.status == 503 && body["detail"] is String
            return isService || isRefused ? nil : wrong("is neither the api nor a refusal")
        case .post:
            // It is no PDF, or no form; before that counts, somebody must be there to say so.
            let isRefused = [400, 415, 503].contains(answer.status) && body["detail"] is String
            return isRefused ? nil : wrong("is no refusal")
        }
    }

    /// The same, for a life from its first second to its last.
    static let judgeAlways: @Sendable (ConnectionStorm.Question.Kind, ConnectionStorm.Answer) -> String? = {
        kind, answer in
        guard kind == .get("/health") else { return judge(kind, answer) }
        let word = answer.json?["status"] as? String ?? ""
        let isTrue = answer.status == 200 ? ["healthy", "degraded"].contains(word) : answer.status == 503
        return isTrue ? nil : "/health contradicts itself: \(answer.status) \(answer.text)"
    }

    static func expectTruth(_ connections: [ConnectionStorm.Connection], _ history: StateHistory) {
        let refused = connections.filter { $0.ending == .refused }
        #expect(refused.isEmpty, "\(refused.count) connections were refused")
        let odd = connections.filter {
            switch $0.ending {
            case .timedOut, .failed: true
            default: false
            }
        }
        #expect(odd.isEmpty, "\(odd.prefix(10))")
        let complaints = connections.compactMap(\.complaint)
        #expect(complaints.isEmpty, "\(complaints.count): \(complaints.prefix(5))")
        // Not ready is said by everybody, a moment after PID 1 knows it.
        let unready = history.unready.map { $0.lowerBound + 0.25..<max($0.upperBound - 0.05, $0.lowerBound + 0.25) }
        let lies = connections.filter { connection in
            connection.question == .get("/readyz?format=json") && connection.ending == .whole(status: 200)
                && unready.contains { $0.contains(connection.openedAt) && $0.contains(connection.endedAt) }
        }
        #expect(lies.isEmpty, "\(lies.count) were told that the container is ready: \(lies.prefix(5))")
    }

    static func summary(_ connections: [ConnectionStorm.Connection]) -> String {
        var statuses: [Int: Int] = [:]
        var early = (all: 0, uploads: 0)
        var uploads = 0
        for connection in connections {
            if case .whole(let status) = connection.ending { statuses[status, default: 0] += 1 }
            if connection.endedEarly { early.all += 1 }
            if connection.isUpload { uploads += 1 }
            if connection.isUpload, connection.endedEarly { early.uploads += 1 }
        }
        let times = connections.map { $0.endedAt - $0.openedAt }.sorted()
        let seconds = (connections.map(\.endedAt).max() ?? 0) - (connections.map(\.openedAt).min() ?? 0)
        let answers = statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
        return "\(connections.count) connections in \(Int(seconds)) s, \(uploads) of them with 50 MB: \(answers); "
            + "\(early.all) ended early, \(early.uploads) of them with 50 MB; half within \(Int(times[times.count / 2] * 1000)) ms, "
            + "the slowest after \(Int((times.last ?? 0) * 1000)) ms"
    }
}

extension ConnectionStorm.Connection {
    fileprivate var endedEarly: Bool { ending == .reset || ending == .cutShort }

    fileprivate var isUpload: Bool {
        if case .post = question { true } else { false }
    }
}

extension Container {
    fileprivate var isRunning: Bool { kill(supervisor, 0) == 0 }
    fileprivate var controlSocket: String { "\(folder.path)/output/.coxswain/control.sock" }
}

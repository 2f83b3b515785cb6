import Foundation
import Health
import NIOCore
import NIOPosix
import ProcessHost
import PublicPort
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct HealthResponderTests {
    /// A port that answers "starting", and its number.
    private func withPort(
        metricsAreOpen: Bool = true, connections: OpenConnections? = nil,
        pace: RequestPace.Limits = RequestPace.Limits(), _ body: (UInt16) throws -> Void
    ) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let descriptor = try TCPListener.listen(host: "127.0.0.1", port: 0, backlog: PortAcceptor.backlog)
        let state = ContainerState(phase: .warming, reason: "warmup is starting", progress: 0.25)
        let sources = HealthResponder.Sources(
            state: { state }, measure: { ContainerReading() }, metricsAreOpen: { metricsAreOpen })
        let channel = try PortAcceptor.accept(
            on: descriptor, group: group, sources, connections: connections, pace: pace
        ).wait()
        let port = try #require(channel.localAddress?.port)
        try body(UInt16(port))
        try channel.close().wait()
    }

    @Test func probesAndRefusals() throws {
        try withPort { port in
            let live = try HTTPExchange.get("/livez", port: port)
            #expect(live.status == 200 && live.body == "ok\n")
            #expect(live.headers["connection"] == "close" && live.headers["server"] == "coxswain")
            #expect(try HTTPExchange.get("/readyz", port: port).status == 503)
            let other = try HTTPExchange.get("/ocr/pdf", port: port)
            #expect(other.status == 503 && other.headers["retry-after"] == "5")
            #expect(other.body.contains("warmup is starting"))
        }
    }

    @Test func errorsAreProblemsButOnTheReplacedContainersPaths() throws {
        try withPort { port in
            for path in ["/ocr/pdf", "/ocr/image?wait=1"] {
                let plain = try HTTPExchange.get(path, port: port)
                #expect(plain.headers["content-type"] == "application/json")
                #expect(plain.body.hasPrefix(#"{"detail":"Not ready: "#), "\(plain.body)")
            }
            let jobs = try HTTPExchange.send(
                "POST /jobs HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-1\r\nContent-Length: 0\r\n\r\n", port: port)
            #expect(jobs.status == 503 && jobs.headers["content-type"] == "application/problem+json")
            #expect(jobs.headers["x-request-id"] == "mine-1" && jobs.headers["retry-after"] == "5")
            for member in [
                #""detail":"Not ready: "#, #""status":503"#, #""title":"Service Unavailable""#,
                #""type":"about:blank""#,
                #""instance":"/requests/mine-1""#, #""phase":"warming""#,
            ] {
                #expect(jobs.body.contains(member), "\(jobs.body)")
            }
            // What probes ask for keeps its form.
            #expect(try HTTPExchange.get("/health", port: port).headers["content-type"] == "application/json")
        }
    }

    @Test func metricsThatNeedAKeyAreNotGivenWithout() throws {
        try withPort { port in
            let answer = try HTTPExchange.get("/metrics", port: port)
            #expect(answer.body.contains("coxswain_"))
        }
        try withPort(metricsAreOpen: false) { port in
            for target in ["/metrics", "/metrics?engine=false"] {
                let answer = try HTTPExchange.get(target, port: port)
                #expect(answer.status == 503 && answer.headers["retry-after"] == "5")
                #expect(answer.body.contains("need an API key") && !answer.body.contains("coxswain_"))
            }
            let health = try HTTPExchange.get("/health", port: port)
            #expect(health.body.contains(#""phase":"warming""#))
        }
    }

    @Test func headersThatAreTooLargeAreToldSo() throws {
        try withPort { port in
            let many = (0..<10_000).map { "X-\($0): 1\r\n" }.joined()
            let large = "X-Large: \(String(repeating: "x", count: 1 << 20))\r\n"
            for fields in [many, large] {
                let answer = try HTTPExchange.send("GET /livez HTTP/1.1\r\nHost: x\r\n\(fields)\r\n", port: port)
                #expect(answer.status == 431 && answer.body.contains(#""status":431"#))
            }
        }
    }

    @Test func whoDawdlesOverAHeaderIsToldSo() throws {
        try withPort(pace: .init(idle: 60, header: 0.2)) { port in
            let slow = try HTTPExchange.send("GET /livez HTTP/1.1\r\nHost:", port: port, timeout: 10)
            #expect(slow.status == 408 && slow.body.contains("did not come within"))
        }
        try withPort(pace: .init(idle: 0.2, header: 60)) { port in
            let silent = try HTTPExchange.Connection(port: port, timeout: 10)
            #expect(throws: HTTPExchange.Failure.cutShort) { try silent.answer() }
        }
    }

    @Test func theOldestWithoutARequestMakesRoom() throws {
        let connections = OpenConnections(limit: 10, raisesDescriptors: false)
        try withPort(connections: connections) { port in
            let idle = try IdleConnections(10, port: port)
            #expect(eventually { connections.count == 10 })
            for _ in 0..<5 { #expect(try HTTPExchange.get("/livez", port: port).status == 200) }
            #expect((5...9).contains(idle.open))
        }
    }

    @Test func headHasNoBodyAndPostIsNoProbe() throws {
        try withPort { port in
            let head = "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n"
            #expect(throws: HTTPExchange.Failure.cutShort) { try HTTPExchange.send(head, port: port) }
            let post = try HTTPExchange.send("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", port: port)
            #expect(post.status == 405 && post.headers["allow"] == "GET, HEAD")
        }
    }

    @Test func garbageIsAnsweredToo() throws {
        try withPort { port in
            let answer = try HTTPExchange.send("\u{1}\u{2}garbage\r\n\r\n", port: port)
            #expect(answer.status == 400)
        }
    }

    /// RFC 9112 §9.6: a server that closes with unread data resets the connection, and the answer is lost.
    @Test func anUploadThatIsNotReadStillSeesItsAnswer() throws {
        try withPort { port in
            for _ in 0..<10 {
                let connection = try HTTPExchange.Connection(port: port, timeout: 20)
                let size = 50_000_000
                try connection.send(
                    Array("POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n".utf8))
                let chunk = [UInt8](repeating: 0, count: 1_000_000)
                for _ in 0..<(size / chunk.count) { try connection.send(chunk) }
                #expect(try connection.answer().status == 503)
            }
        }
    }
}

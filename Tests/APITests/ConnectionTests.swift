import API
import Foundation
import Pipeline
import PublicPort
import TestSupport
import Testing

/// What clients may cost: connections and time.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConnectionTests {
    private static let head =
        "POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: "

    @Test func silentConnectionsMakeRoom() async throws {
        try await RunningAPI.serving(change: { $0.maximumConnections = 16 }) { api async throws in
            let port = api.port
            let idle = try IdleConnections(16, port: port)
            for _ in 0..<5 { #expect(try await api.request("GET", "/docs").status == 200) }
            #expect((11...15).contains(idle.open), "\(idle.open)")
            // Half a header is as good as none.
            let partial = try (0..<16).map { _ in
                let connection = try HTTPExchange.Connection(port: port)
                try connection.send(Array("GET /livez HTTP/1.1\r\nX-Slow: ".utf8))
                return connection
            }
            for _ in 0..<5 { #expect(try await api.request("GET", "/docs").status == 200) }
            withExtendedLifetime(partial) {}
        }
    }

    @Test func probesGetThroughWhereAllAreInUse() async throws {
        try await RunningAPI.serving(change: { $0.maximumConnections = 16 }) { api async throws in
            let port = api.port
            var busy: [HTTPExchange.Connection] = []
            // One whose header is not here yet makes room for the next one, so it may take some more.
            for _ in 0..<64 {
                if busy.count >= 16, try await api.request("GET", "/docs").status == 503 { break }
                let connection = try HTTPExchange.Connection(port: port)
                try connection.send(Array("\(Self.head)1000000\r\n\r\n".utf8))
                busy.append(connection)
            }
            let refused = try await api.request("GET", "/docs")
            #expect(refused.status == 503 && refused.headers["connection"] == "close")
            #expect(refused.headers["retry-after"] == "5" && refused.body.contains("COXSWAIN_MAX_CONNECTIONS"))
            for path in ["/livez", "/readyz", "/startupz", "/health", "/metrics?engine=false"] {
                let probe = try await api.send(Array("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                #expect(probe.status == 200 && probe.headers["connection"] == "close", "\(path)")
            }
            withExtendedLifetime(busy) {}
        }
    }

    @Test func aBodyThatStandsStillIsAnsweredAndASlowOneIsTaken() async throws {
        try await RunningAPI.serving(change: { $0.requestPace = .init(grace: 0.4, rate: 1000) }) { api async throws in
            let port = api.port
            let still = try await api.send(Array("\(Self.head)1000000\r\n\r\n--XX".utf8))
            #expect(still.status == 408 && still.headers["connection"] == "close")
            #expect(still.body.contains("came too slowly"), "\(still.body)")
            // As long as its pauses are short it may take many times the grace.
            let document = Documents.pdf(pages: 8)
            let answer = try await RunningAPI.blocking {
                let upload = try RawUpload(document, to: "/jobs", port: port)
                try upload.proceed(to: .request, piece: 300, pause: 0.1)
                return try upload.answer()
            }
            #expect(answer.status == 202, "\(answer)")
        }
    }

    /// Connections of clients that this server still has; after the kernel has ended one, only its client knows of it.
    private static func established(on port: UInt16) throws -> Int {
        try #require(AcceptedConnections.of(getpid(), on: port)).count
    }

    @Test func whoTakesNothingOfItsAnswerIsLeft() async throws {
        try await RunningAPI.serving(change: { $0.requestPace = .init(answer: 2) }) { api async throws in
            let port = api.port
            let connection = try HTTPExchange.Connection(port: port, timeout: 30)
            // More than the buffers of both sides take.
            let request = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
            #expect(try await soon { try Self.established(on: port) == 1 })
            try connection.send(Array(String(repeating: request, count: 400).utf8))
            #expect(await soon { api.log.text.contains("/openapi.json") })
            #expect(try await soon { try Self.established(on: port) == 0 })
            #expect(throws: HTTPExchange.Failure.reset) { try connection.everything() }
            // Who reads, however slowly, gets all of it.
            let slow = try await RunningAPI.blocking {
                let connection = try HTTPExchange.Connection(port: port, timeout: 30)
                try connection.send(
                    Array((request + request.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")).utf8))
                usleep(500_000)
                return try connection.everything()
            }
            #expect(slow.count > 2000)
        }
    }

    @Test func aBodyInBrokenChunksIsAnswered() async throws {
        try await RunningAPI.serving { api async throws in
            let head = Self.head.replacing("Content-Length: ", with: "Transfer-Encoding: chunked\r\n\r\n")
            for garbage in ["zzz\r\n", "-5\r\nhello", "5\r\nhello!!!\r\n", "FFFFFFFFFFFFFFFFFFF\r\n"] {
                let exchange = try await api.send(Array("\(head)\(garbage)".utf8))
                #expect(exchange.status == 400 && exchange.headers["connection"] == "close", "\(garbage)")
            }
            #expect(try await api.request("GET", "/livez").status == 200)
        }
    }
}

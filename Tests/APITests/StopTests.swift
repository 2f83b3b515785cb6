import API
import Glibc
import Pipeline
import Rendering
import TestSupport
import Testing

/// How the api ends, and how it shares its socket.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StopTests {
    @Test func aStopLetsRequestsInFlightFinish() async throws {
        let engine = StandInEngine { _ in
            usleep(300_000)
            return .text("done")
        }
        try await RunningAPI.serving(engine: engine) { api async throws in
            async let exchange = api.post(Documents.pdf(pages: 1))
            #expect(await soon { engine.count > 0 })
            await api.server.stop()
            #expect(try await exchange.status == 200)
            #expect(try await exchange.headers["connection"] == "close")
        }
    }

    @Test func aStopAnswersWhatCannotFinish() async throws {
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(engine: engine, change: { $0.stopGrace = .milliseconds(300) }) {
            api async throws in
            async let exchange = api.post(Documents.pdf(pages: 1))
            #expect(await soon { engine.count > 0 })
            let start = ContinuousClock.now
            await api.server.stop()
            #expect(start.duration(to: .now) < .seconds(10))
            // The work is not lost: the next life goes on with it.
            #expect(try await exchange.status == 202)
            #expect(try await exchange.headers["location"]?.hasPrefix("/jobs/") == true)
            #expect(api.folder.names(in: "state/spool").count == 1)
        }
    }

    @Test func aStopClosesIdleConnections() async throws {
        try await RunningAPI.serving { api async throws in
            let connection = try HTTPExchange.Connection(port: api.port)
            try connection.send(Array("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            #expect(await soon { api.log.text.contains("/livez") })
            let start = ContinuousClock.now
            await api.server.stop()
            #expect(start.duration(to: .now) < .seconds(10))
            #expect(try connection.answer().status == 200)
        }
    }

    @Test func anInheritedSocketOutlivesTheServer() async throws {
        let socket = try ListeningSocket()
        try await RunningAPI.serving(inherited: socket.descriptor) { api async throws in
            #expect(api.port == socket.port)
            #expect(try await api.request("GET", "/livez").status == 200)
            await api.server.stop()
        }
        // Somebody else may accept on it now: a client is not refused.
        _ = try HTTPExchange.Connection(port: socket.port)
    }

    @Test func noRendererIsLeftBehind() async throws {
        let renderers = try await RunningAPI.serving { api async throws in
            #expect(try await api.post(Documents.pdf(pages: 1)).status == 200)
            return api.renderers.processIdentifiers
        }
        #expect(!renderers.isEmpty)
        for process in renderers { #expect(kill(process, 0) == -1 && errno == ESRCH) }
    }
}

/// A listening socket on loopback, as a supervisor would hand it over.
private final class ListeningSocket: Sendable {
    let descriptor: CInt
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw HTTPExchange.Failure.other(errno) }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}

import Foundation
import Glibc
import ProbeClient
import Synchronization
import TestSupport
import Testing

/// Accepts on a socket and does with each connection what it is told.
private final class StandInServer: Sendable {
    let port: UInt16
    private let descriptor: CInt
    private let path: String?
    private let seen = Mutex<[String]>([])

    /// What was asked, one request line each.
    var requests: [String] { seen.withLock { $0 } }

    /// - Parameters:
    ///   - path: of a Unix socket; nil for a port on 127.0.0.1.
    ///   - serve: called for each connection once its request was read; the connection is closed after it.
    init(path: String? = nil, serve: @escaping @Sendable (CInt) -> Void) {
        self.path = path
        let listener: CInt
        var port: UInt16 = 0
        if let path {
            listener = (try? LocalSocket.bind(toPath: path)) ?? -1
            #expect(listener >= 0)
        } else {
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
                }
            }
            #expect(bound)
            port = UInt16(bigEndian: address.sin_port)
        }
        self.port = port
        descriptor = listener
        listen(listener, 16)
        Thread.detachNewThread { [descriptor, self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(connection, &buffer, buffer.count, 0)
                let text = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
                seen.withLock { $0.append(String(text.prefix { $0 != "\r\n" })) }
                serve(connection)
                close(connection)
            }
            // Here and not in stop(): this thread must not accept on whatever has the number next.
            close(descriptor)
        }
    }

    /// Ends it; whoever comes afterwards is refused.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        if let path { unlink(path) }
    }

    static func say(_ text: String) -> @Sendable (CInt) -> Void {
        { connection in
            let bytes = Array(text.utf8)
            send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }
}

private let good = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
private let bad = "HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\nfailed: x\n"

@Suite(.serialized, .timeLimit(.minutes(2))) struct ProbeTests {
    private let folder: String

    init() throws {
        folder = "/tmp/probe-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func probe(_ port: UInt16, host: String = "127.0.0.1", sockets: [String] = []) -> Probe {
        Probe(host: host, port: port, controlSockets: sockets)
    }

    /// A port on which nobody listens.
    private func freePort() -> UInt16 {
        let server = StandInServer { _ in }
        server.stop()
        return server.port
    }

    @Test func theStatusDecidesAndTheLineIsPassedOn() {
        let server = StandInServer(serve: StandInServer.say(good))
        defer { server.stop() }
        for (question, path) in [(Probe.Question.startup, "/startupz"), (.ready, "/readyz"), (.live, "/livez")] {
            #expect(probe(server.port).ask(question, timeout: 5) == .init(passed: true, message: "ok"))
            #expect(server.requests.last == "GET \(path) HTTP/1.1")
        }
        let other = StandInServer(serve: StandInServer.say(bad))
        defer { other.stop() }
        #expect(probe(other.port).ask(.ready, timeout: 5) == .init(passed: false, message: "failed: x"))
    }

    @Test func allAddressesAreLookedForOnLoopback() {
        let server = StandInServer(serve: StandInServer.say(good))
        defer { server.stop() }
        for host in ["0.0.0.0", "::", "127.0.0.1"] {
            #expect(probe(server.port, host: host).ask(.live, timeout: 5).passed)
        }
    }

    @Test func aClosedPortLeavesTheControlSocket() {
        let path = "\(folder)/control.sock"
        let server = StandInServer(path: path, serve: StandInServer.say(bad))
        let outcome = probe(freePort(), host: "::", sockets: ["\(folder)/none.sock", path]).ask(.live, timeout: 5)
        #expect(outcome == .init(passed: false, message: "failed: x"))
        #expect(server.requests == ["GET /livez HTTP/1.1"])
        server.stop()
    }

    @Test func whoAnswersOnThePortIsBelieved() {
        // A port that answers, and badly, is not made good by PID 1's own socket.
        let port = StandInServer(serve: StandInServer.say("SSH-2.0-OpenSSH_9.2\r\n"))
        let path = "\(folder)/control.sock"
        let control = StandInServer(path: path, serve: StandInServer.say(good))
        defer {
            port.stop()
            control.stop()
        }
        let outcome = probe(port.port, sockets: [path]).ask(.ready, timeout: 5)
        #expect(!outcome.passed && outcome.message.contains("something else has the port"))
        #expect(control.requests == [])
    }

    @Test func nobodyAnywhere() {
        let outcome = probe(freePort(), sockets: ["\(folder)/control.sock"]).ask(.live, timeout: 5)
        #expect(!outcome.passed)
        #expect(outcome.message.contains("Connection refused") && outcome.message.contains("No such file or directory"))
        #expect(outcome.message.contains("`coxswain run` is not running") && !outcome.message.contains("\n"))
        // A path that no socket can have, and a host that is no number.
        let odd = Probe(host: "localhost", port: 1, controlSockets: [String(repeating: "d", count: 300)])
        #expect(!odd.ask(.live, timeout: 5).passed)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nok\n"])
    func whoDoesNotFinishDoesNotHoldAProbe(text: String) {
        let server = StandInServer { connection in
            StandInServer.say(text)(connection)
            var byte: UInt8 = 0
            // Until the probe goes away.
            while recv(connection, &byte, 1, 0) > 0 {}
        }
        defer { server.stop() }
        let started = ContinuousClock.now
        let outcome = probe(server.port).ask(.ready, timeout: 0.2)
        #expect(!outcome.passed && outcome.message.contains("in time"))
        #expect(ContinuousClock.now - started >= .milliseconds(200))
    }

    @Test func whoNeverStopsTalkingIsLeft() {
        let server = StandInServer { connection in
            StandInServer.say("HTTP/1.1 200 OK\r\n")(connection)
            let junk = [UInt8](repeating: 0x41, count: 10_000)
            while send(connection, junk, junk.count, Int32(MSG_NOSIGNAL)) > 0 {}
        }
        defer { server.stop() }
        // Its status is an answer, whatever came after it.
        #expect(probe(server.port).ask(.ready, timeout: 30).passed)
    }

    @Test func aConnectionThatEndsWithoutAWord() {
        let server = StandInServer { _ in }
        defer { server.stop() }
        let outcome = probe(server.port).ask(.ready, timeout: 5)
        #expect(!outcome.passed && outcome.message.contains("closed without an answer"))
    }
}

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
    private func withPort(_ body: (UInt16) throws -> Void) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let descriptor = try TCPListener.listen(host: "127.0.0.1", port: 0, backlog: PortAcceptor.backlog)
        let state = ContainerState(phase: .warming, reason: "warmup is starting", progress: 0.25)
        let channel = try PortAcceptor.accept(on: descriptor, group: group) { state }.wait()
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

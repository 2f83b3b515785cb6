import Glibc
import Synchronization
import Threads

/// A real HTTP server on loopback that does as it is told: the engine in the tests of its client.
///
/// One thread accepts and one serves each connection, by blocking calls only. `kill()` breaks every connection with a
/// reset and closes the port, as the kernel does for a process that dies; `start()` opens the same port again.
final class StandInEngine: Sendable {
    struct Request: Sendable {
        var path: String
        var headers: [String: String]
        var body: String
    }

    enum Reply: Sendable {
        case answer(status: Int, body: String, headers: [String] = [])
        /// A 200 whose body goes out in these pieces, each after a pause.
        case stream([String], pause: Duration = .zero, type: String = "text/event-stream", then: Ending = .whole)
        /// Reads the request and never answers.
        case silence
        /// Breaks the connection with a reset, after this much of an answer.
        case reset(after: String = "")
        /// Dies over the request: every connection breaks, and nobody listens any more.
        case death

        enum Ending: Sendable {
            /// As chunked encoding ends a body.
            case whole
            /// The connection is closed in the middle of the body, politely or with a reset.
            case close, reset
            /// Nothing more ever comes.
            case silence
        }

        static func text(_ text: String, model: String = "stand-in") -> Reply {
            .answer(
                status: 200,
                body: #"{"model":"\#(model)","choices":[{"message":{"content":"\#(text)"},"finish_reason":"stop"}],"#
                    + #""usage":{"prompt_tokens":7,"completion_tokens":3}}"#)
        }
    }

    private struct State: Sendable {
        var listener: Int32 = -1
        var port: UInt16 = 0
        var connections: Set<Int32> = []
        var requests: [Request] = []
        var atOnce = 0
        var mostAtOnce = 0
        var closedByClient = 0
        var accepted = 0
        /// The answer to `GET /metrics`; nil for an engine that has none.
        var metrics: String?
        /// Connections whose next request is read and not answered: the connection is closed instead.
        var closesOnRequest = 0
    }

    private let state = Mutex(State())
    private let reply: @Sendable (Request, Int) -> Reply

    /// - Parameter reply: given each request and its number from 1 on, counting chat completions only.
    init(reply: @escaping @Sendable (Request, Int) -> Reply) throws {
        self.reply = reply
        try start()
    }

    var baseURL: String { "http://127.0.0.1:\(state.withLock { $0.port })/v1" }
    var chats: [Request] { state.withLock { $0.requests.filter { $0.path == "/v1/chat/completions" } } }
    var listings: Int { state.withLock { $0.requests.count { $0.path == "/v1/models" } } }
    var looks: Int { state.withLock { $0.requests.count { $0.path == "/metrics" } } }
    /// Connections that were made to it.
    var accepted: Int { state.withLock { $0.accepted } }
    var connected: Int { state.withLock { $0.connections.count } }
    var atOnce: Int { state.withLock { $0.atOnce } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    var closedByClient: Int { state.withLock { $0.closedByClient } }

    func set(metrics: String?) { state.withLock { $0.metrics = metrics } }

    /// The next requests to read a picture come to nothing, as if the server had closed their connections while they were
    /// on their way.
    func closeOnRequest(times: Int) { state.withLock { $0.closesOnRequest = times } }

    /// Closes every connection politely, as a server does that finds them idle.
    func closeConnections() {
        for connection in state.withLock({ $0.connections }) { shutdown(connection, Int32(SHUT_RDWR)) }
        while state.withLock({ !$0.connections.isEmpty }) { usleep(1000) }
    }

    struct CannotListen: Error { var errno: Int32 }

    func start() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = state.withLock { $0.port }.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard result else { throw CannotListen(errno: errno) }
        state.withLock {
            $0.listener = descriptor
            $0.port = UInt16(bigEndian: address.sin_port)
        }
        onThread { self.acceptConnections(on: descriptor) }
    }

    func kill() {
        let (listener, connections) = state.withLock { state in
            defer { state.listener = -1 }
            return (state.listener, state.connections)
        }
        // Shutting down wakes the thread that blocks in accept, which then closes.
        if listener >= 0 { shutdown(listener, Int32(SHUT_RDWR)) }
        for connection in connections { reset(connection) }
        while state.withLock({ !$0.connections.isEmpty }) { usleep(1000) }
    }

    private func acceptConnections(on listener: Int32) {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            state.withLock {
                $0.connections.insert(connection)
                $0.accepted += 1
            }
            onThread { self.serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer {
            _ = state.withLock { $0.connections.remove(connection) }
            close(connection)
        }
        var buffer: [UInt8] = []
        while let request = Self.read(from: connection, &buffer) {
            let isClosed = state.withLock { state in
                guard state.closesOnRequest > 0, request.path == "/v1/chat/completions" else { return false }
                state.closesOnRequest -= 1
                return true
            }
            if isClosed { return }
            switch answer(to: request) {
            case .answer(let status, let body, let headers):
                let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers
                write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body, to: connection)
            case .stream(let pieces, let pause, let type, let ending):
                write(
                    "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n", to: connection)
                for piece in pieces where !piece.isEmpty {
                    if pause > .zero { usleep(useconds_t(pause / .microseconds(1))) }
                    write("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n", to: connection)
                }
                switch ending {
                case .whole: write("0\r\n\r\n", to: connection)
                case .close: return
                case .reset:
                    reset(connection)
                    return
                case .silence:
                    awaitClose(of: connection)
                    return
                }
            case .silence:
                awaitClose(of: connection)
                return
            case .reset(let head):
                write(head, to: connection)
                reset(connection)
                return
            case .death:
                // Of a thread of its own, since it waits for this one.
                onThread { self.kill() }
                awaitClose(of: connection)
                return
            }
        }
    }

    private func awaitClose(of connection: Int32) {
        var byte: UInt8 = 0
        if recv(connection, &byte, 1, 0) <= 0 { state.withLock { $0.closedByClient += 1 } }
    }

    private func answer(to request: Request) -> Reply {
        let isChat = request.path == "/v1/chat/completions"
        let number = state.withLock { state in
            state.requests.append(request)
            if isChat {
                state.atOnce += 1
                state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            }
            return state.requests.count { $0.path == "/v1/chat/completions" }
        }
        if request.path == "/metrics" {
            return state.withLock { state in
                state.metrics.map { .answer(status: 200, body: $0) } ?? .answer(status: 404, body: "")
            }
        }
        guard isChat else { return .answer(status: 200, body: #"{"data":[{"id":"stand-in"}]}"#) }
        defer { state.withLock { $0.atOnce -= 1 } }
        return reply(request, number)
    }

    /// The next request of a kept connection; nil at its end.
    private static func read(from connection: Int32, _ buffer: inout [UInt8]) -> Request? {
        let separator = Array("\r\n\r\n".utf8)
        while true {
            if let head = buffer.firstRange(of: separator) {
                let lines = String(decoding: buffer[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n")
                let words = lines.first?.split(separator: " ") ?? []
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = String(parts.last?.drop { $0 == " " } ?? "")
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                if buffer.count - head.upperBound >= length, words.count > 1 {
                    let end = head.upperBound + length
                    let body = String(decoding: buffer[head.upperBound..<end], as: UTF8.self)
                    buffer.removeFirst(end)
                    return Request(path: String(words[1]), headers: headers, body: body)
                }
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    private func write(_ text: String, to connection: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private func reset(_ connection: Int32) {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        shutdown(connection, Int32(SHUT_RDWR))
    }
}

private func onThread(_ body: @escaping @Sendable () -> Void) {
    precondition(PlainThread.startDetached(body), "no thread for the stand-in engine")
}

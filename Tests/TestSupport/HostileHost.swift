import Foundation
import Synchronization

/// A real HTTP server on loopback that answers as it is told, each connection on a thread of its own.
package final class HostileHost: Sendable {
    package struct Request: Sendable {
        /// From 1 on, of all to this host.
        package var number = 0
        package var path = ""
        /// By lower-case name.
        package var headers: [String: String] = [:]
        /// What `Range` asks for; the second is nil for all to the end.
        package var range: (first: Int, last: Int?)?

        package var text: String { range.map { "\($0.first)-\($0.last.map(String.init) ?? "")" } ?? "all" }
    }

    package struct Reply: Sendable {
        package enum Ending: Sendable {
            case whole
            /// After so many bytes of the body: politely, with a reset, or silence until the other side goes.
            case close(Int), reset(Int), silence(Int)
        }

        package var status = 200
        package var headers: [String] = []
        package var body: [UInt8] = []
        /// nil sends none, and closes at the end.
        package var contentLength: Int?
        package var isChunked = false
        package var ending = Ending.whole
        /// So many bytes at a time, and a pause after each.
        package var pace: (bytes: Int, microseconds: UInt32)?

        package init(_ status: Int, _ headers: [String] = [], _ body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
            contentLength = body.count
        }
    }

    private struct State: Sendable {
        var requests: [Request] = []
        /// Bytes of bodies that went out, by request number.
        var sent: [Int: Int] = [:]
        var connections: Set<Int32> = []
        var mostAtOnce = 0
        var isOver = false
    }

    package let port: UInt16
    private let host: String
    private let listener: Int32
    private let state = Mutex(State())
    private let reply: @Sendable (Request) -> Reply

    package struct CannotListen: Error {}

    package init(on address: String = "127.0.0.1", reply: @escaping @Sendable (Request) -> Reply) throws {
        self.reply = reply
        self.host = address
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let target = inet_addr(address)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = target
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isListening else { throw CannotListen() }
        Thread.detachNewThread { self.accept() }
    }

    package var url: String { "http://\(host):\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    /// What was asked for, in order: ranges, or `all`.
    package var ranges: [String] { requests.map(\.text) }
    package var bytesSent: Int { state.withLock { $0.sent.values.reduce(0, +) } }
    package var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    package var isIdle: Bool { state.withLock { $0.connections.isEmpty } }

    /// To be called at the end of a test: connections are threads.
    package func stop() {
        let connections = state.withLock { state in
            state.isOver = true
            return state.connections
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let connection = Foundation.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let isOver = state.withLock { state in
                state.connections.insert(connection)
                return state.isOver
            }
            if isOver { shutdown(connection, Int32(SHUT_RDWR)) }
            Thread.detachNewThread {
                self.serve(connection)
                self.state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
            }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        var received: [UInt8] = []
        while let head = readHead(connection, &received) {
            guard var request = parsed(head) else { return }
            state.withLock { state in
                request.number = state.requests.count + 1
                state.requests.append(request)
                state.mostAtOnce = max(state.mostAtOnce, state.connections.count)
            }
            guard answer(request, connection) else { return }
        }
    }

    private func readHead(_ connection: Int32, _ received: inout [UInt8]) -> String? {
        let mark = Array("\r\n\r\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            if let end = received.firstRange(of: mark) {
                defer { received.removeFirst(end.upperBound) }
                return String(decoding: received[..<end.lowerBound], as: UTF8.self)
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            received += buffer[..<count]
            // A TLS client's greeting.
            if received.first == 0x16 {
                _ = send(Array("HTTP/1.1 400 So\r\n\r\n".utf8)[...], connection)
                return nil
            }
        }
    }

    private func parsed(_ head: String) -> Request? {
        let lines = head.split(separator: "\r\n")
        guard let words = lines.first?.split(separator: " "), words.count == 3, words[0] == "GET" else { return nil }
        var request = Request()
        request.path = String(words[1])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            request.headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        if let text = request.headers["range"]?.dropFirst("bytes=".count) {
            let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let first = Int(ends[0]) else { return nil }
            request.range = (first, Int(ends[1]))
        }
        return request
    }

    /// - Returns: whether the connection serves on.
    private func answer(_ request: Request, _ connection: Int32) -> Bool {
        let reply = reply(request)
        var head = "HTTP/1.1 \(reply.status) So\r\n"
        for line in reply.headers { head += "\(line)\r\n" }
        if let length = reply.contentLength { head += "Content-Length: \(length)\r\n" }
        if reply.isChunked { head += "Transfer-Encoding: chunked\r\n" }
        guard send(Array((head + "\r\n").utf8)[...], connection) else { return false }
        var limit = reply.body.count
        switch reply.ending {
        case .whole: break
        case .close(let count), .reset(let count), .silence(let count): limit = min(limit, count)
        }
        let piece = reply.pace?.bytes ?? 64 << 10
        for start in stride(from: 0, to: limit, by: piece) {
            let bytes = reply.body[start..<min(start + piece, limit)]
            let framed =
                reply.isChunked
                ? Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8) : Array(bytes)
            guard send(framed[...], connection) else { return false }
            state.withLock { $0.sent[request.number, default: 0] += bytes.count }
            if let pace = reply.pace { usleep(pace.microseconds) }
        }
        switch reply.ending {
        case .whole:
            if reply.isChunked { return send(Array("0\r\n\r\n".utf8)[...], connection) }
            return reply.contentLength == reply.body.count
        case .close: return false
        case .reset:
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            return false
        case .silence:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        }
    }

    private func send(_ bytes: ArraySlice<UInt8>, _ connection: Int32) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Foundation.send(
                    connection, bytes.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }
}

extension HostileHost.Reply {
    /// What a host without faults answers.
    package static func file(
        _ body: [UInt8], to request: HostileHost.Request, etag: String? = "\"one\"", headers: [String] = []
    ) -> Self {
        var headers = headers
        if let etag { headers.append("ETag: \(etag)") }
        let isWanted =
            request.headers["if-range"].map { $0 == etag || headers.contains("Last-Modified: \($0)") } ?? true
        guard let range = request.range, isWanted else { return Self(200, headers, body) }
        guard range.first < body.count else {
            return Self(416, headers + ["Content-Range: bytes */\(body.count)"])
        }
        let last = min(range.last ?? .max, body.count - 1)
        return Self(
            206, headers + ["Content-Range: bytes \(range.first)-\(last)/\(body.count)"],
            Array(body[range.first...last]))
    }

    package func ending(_ ending: Ending) -> Self {
        var reply = self
        reply.ending = ending
        return reply
    }

    package func paced(_ bytes: Int, _ microseconds: UInt32) -> Self {
        var reply = self
        reply.pace = (bytes, microseconds)
        return reply
    }
}

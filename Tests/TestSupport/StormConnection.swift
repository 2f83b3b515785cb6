import Foundation

/// One connection of a ``ConnectionStorm`` while it lasts; used on the storm's thread alone.
final class StormConnection {
    typealias Ending = ConnectionStorm.Ending

    private let question: ConnectionStorm.Question
    private let openedAt: Double
    private(set) var descriptor: Int32 = -1
    private var peer: ConnectionStorm.Peer
    /// What kept it from being opened at all.
    private(set) var failure: Ending?
    private var isConnected = false
    private var written = 0
    private var received: [UInt8] = []
    private var answer: ConnectionStorm.Answer?

    init(_ question: ConnectionStorm.Question, to port: UInt16, from host: UInt8, at now: Double) {
        self.question = question
        openedAt = now
        peer = ConnectionStorm.Peer(host: host, port: 0)
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, flags, 0)
        guard descriptor >= 0 else {
            failure = .failed(errno)
            return
        }
        var yes: Int32 = 1
        // The port is chosen at connect(), so that one that is free for this pair of addresses is good enough.
        setsockopt(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = Self.address(host: host, port: 0) { bind(descriptor, $0, $1) }
        let connected = bound == 0 ? Self.address(host: 1, port: port) { connect(descriptor, $0, $1) } : bound
        isConnected = connected == 0
        if connected != 0, errno != EINPROGRESS { failure = Self.ending(errno) }
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        peer.port = UInt16(bigEndian: own.sin_port)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private var isWritten: Bool { written == question.size }
    private var isHesitating: Bool { isConnected && written == 0 && !isWritten }

    /// What to poll for. Nothing is read before all is written.
    func interest(at now: Double) -> Int16 {
        if isHesitating, now < openedAt + question.hesitation { return 0 }
        return Int16(isWritten ? POLLIN : POLLOUT)
    }

    /// Goes on with what poll(2) says; returns how it ended, once it has.
    func proceed(_ events: Int16, at now: Double) -> Ending? {
        if now > openedAt + question.patience { return .timedOut }
        if events == 0 { return nil }
        if !isConnected {
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
            if code != 0 { return Self.ending(code) }
            isConnected = true
        }
        if isHesitating, now < openedAt + question.hesitation {
            // Nothing was asked for; the connection is broken all the same.
            return events & Int16(POLLERR | POLLHUP) != 0 ? .cutShort : nil
        }
        return isWritten ? read() : write()
    }

    func outcome(
        _ ending: Ending, at now: Double, _ judge: (ConnectionStorm.Question.Kind, ConnectionStorm.Answer) -> String?
    ) -> ConnectionStorm.Connection {
        ConnectionStorm.Connection(
            question: question.kind, peer: peer, openedAt: openedAt, endedAt: now, ending: ending,
            complaint: answer.flatMap { judge(question.kind, $0) })
    }

    // MARK: Bytes

    private static let filler = [UInt8](repeating: 32, count: 1 << 18)

    private func write() -> Ending? {
        let afterHead = written - question.head.count
        let afterFiller = afterHead - question.filler
        let count: Int
        if afterHead < 0 {
            count = send(question.head[written...])
        } else if afterFiller < 0 {
            count = send(Self.filler[..<min(Self.filler.count, -afterFiller)])
        } else {
            count = send(question.tail[afterFiller...])
        }
        if count < 0 { return errno == EAGAIN ? nil : Self.ending(errno) }
        written += count
        return nil
    }

    private func send(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func read() -> Ending? {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { received += buffer[..<count] }
            return count
        }
        if count < 0 { return errno == EAGAIN ? nil : Self.ending(errno) }
        if count == 0 { return answer.map { .whole(status: $0.status) } ?? .cutShort }
        answer = ConnectionStorm.Answer(received)
        // One that the server closes is read to its end, so that a reset after the answer is seen too.
        guard let answer, answer.headers["connection"]?.lowercased() != "close" else { return nil }
        return .whole(status: answer.status)
    }

    private static func ending(_ code: Int32) -> Ending {
        switch code {
        case ECONNREFUSED: .refused
        case ECONNRESET, EPIPE: .reset
        default: .failed(code)
        }
    }

    private static func address(host: UInt8, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Int32
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (UInt32(0x7F00_0000) + UInt32(host)).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

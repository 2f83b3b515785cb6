import Glibc

/// Something to ask at: an address of the container's.
enum ProbeDoor: Equatable, CustomStringConvertible {
    case port(host: String, port: UInt16)
    case socket(path: String)

    var description: String {
        switch self {
        case .port(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }

    /// The loopback addresses at which a server can be asked that listens on `host`.
    static func doors(host: String, port: UInt16) -> [ProbeDoor] {
        switch host {
        case "0.0.0.0": [.port(host: "127.0.0.1", port: port)]
        // It takes both where there are both, and one where there is one.
        case "::": [.port(host: "127.0.0.1", port: port), .port(host: "::1", port: port)]
        default: [.port(host: host, port: port)]
        }
    }

    enum Answer: Equatable {
        case answered(ProbeResponse)
        /// Nobody is there; the text says what the kernel said.
        case nobody(String)
        /// Somebody is there, and does not answer as a container would.
        case bad(String)
    }

    /// - Parameter deadline: nanoseconds of the monotonic clock.
    func get(_ path: String, until deadline: UInt64) -> Answer {
        let descriptor: CInt
        switch connect(until: deadline) {
        case .connected(let connected): descriptor = connected
        case .nobody(let code): return .nobody(code == 0 ? "no numeric address" : String(cString: strerror(code)))
        case .bad(let problem): return .bad(problem)
        }
        defer { close(descriptor) }
        if case .socket = self, !PeerUser.isTrusted(descriptor) { return .bad("it belongs to another user") }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        // It fits into any socket's buffer.
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return .bad("sending failed: \(String(cString: strerror(errno)))")
        }
        return receive(descriptor, until: deadline)
    }

    private func receive(_ descriptor: CInt, until deadline: UInt64) -> Answer {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < ProbeResponse.longestAnswer, !ProbeResponse.isComplete(bytes) {
            guard Self.wait(descriptor, POLLIN, until: deadline) else {
                return .bad(bytes.isEmpty ? "no answer in time" : "the answer did not end in time")
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 0 { return .bad("the connection broke: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        if bytes.isEmpty { return .bad("the connection was closed without an answer") }
        return ProbeResponse(bytes).map(Answer.answered) ?? .bad("the answer is not HTTP: something else has the port")
    }

    enum Connection {
        /// A descriptor that does not block, for the caller to close.
        case connected(CInt)
        /// Nobody is there: errno(3), or 0 for an address that none can have.
        case nobody(CInt)
        case bad(String)
    }

    func connect(until deadline: UInt64) -> Connection {
        var storage = sockaddr_storage()
        guard let length = address(&storage) else { return .nobody(0) }
        let flags = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(CInt(storage.ss_family), flags, 0)
        guard descriptor >= 0 else { return .nobody(errno) }
        let result = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        }
        var code = result == 0 ? 0 : errno
        if code == EINPROGRESS {
            guard Self.wait(descriptor, POLLOUT, until: deadline) else {
                close(descriptor)
                return .bad("no connection in time")
            }
            var size = socklen_t(MemoryLayout<CInt>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        guard code == 0 else {
            close(descriptor)
            // A Unix socket whose queue is full: somebody is there.
            return code == EAGAIN ? .bad("too many are waiting there already") : .nobody(code)
        }
        return .connected(descriptor)
    }

    private func address(_ storage: inout sockaddr_storage) -> socklen_t? {
        withUnsafeMutableBytes(of: &storage) { bytes -> socklen_t? in
            switch self {
            case .port(let host, let port):
                var v4 = sockaddr_in()
                if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
                    v4.sin_family = sa_family_t(AF_INET)
                    v4.sin_port = port.bigEndian
                    bytes.storeBytes(of: v4, as: sockaddr_in.self)
                    return socklen_t(MemoryLayout<sockaddr_in>.size)
                }
                var v6 = sockaddr_in6()
                guard inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 else { return nil }
                v6.sin6_family = sa_family_t(AF_INET6)
                v6.sin6_port = port.bigEndian
                bytes.storeBytes(of: v6, as: sockaddr_in6.self)
                return socklen_t(MemoryLayout<sockaddr_in6>.size)
            case .socket(let path):
                let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
                // With the zero at its end.
                guard path.utf8.count < MemoryLayout<sockaddr_un>.size - offset else { return nil }
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                bytes[offset...].copyBytes(from: path.utf8)
                return socklen_t(offset + path.utf8.count + 1)
            }
        }
    }

    /// - Returns: false when the time is over.
    static func wait(_ descriptor: CInt, _ events: CInt, until deadline: UInt64) -> Bool {
        while true {
            let now = Probe.now()
            // A last look when the time is over: what has arrived counts.
            let rest = deadline > now ? CInt(clamping: (deadline - now + 999_999) / 1_000_000) : 0
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&entry, 1, rest)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }
}

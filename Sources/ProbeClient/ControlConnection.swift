import Glibc

/// One request over PID 1's control socket, and its answer: blocking, without threads.
package final class ControlConnection {
    /// Status code of the answer.
    package let status: Int
    /// Who answers; nil when the kernel does not say.
    package let process: Int32?
    private let descriptor: CInt
    private var reader: AnswerReader
    /// Bytes of the body that nobody has taken yet.
    private var body: [UInt8]

    package enum Failure: Error, Equatable {
        /// Nobody is there: errno(3).
        case nobody(CInt)
        /// Somebody is there, and does not answer as coxswain would: why.
        case bad(String)
        /// The time was over.
        case late

        package var description: String {
            switch self {
            case .nobody(0): "its path is too long for a socket"
            case .nobody(let code): String(cString: strerror(code))
            case .bad(let problem): problem
            case .late: "no answer in time"
            }
        }
    }

    /// Connects, asks, and waits for the head of the answer.
    ///
    /// - Parameters:
    ///   - believes: whoever has the socket is believed; otherwise root, we ourselves and the user of process 1.
    ///   - timeout: for all of that together, seconds.
    package init(
        socket path: String, _ method: String, _ target: String, believes: Bool, timeout: Double
    ) throws(Failure) {
        let deadline = Probe.now() + UInt64(max(0, min(timeout, 86_400)) * 1e9)
        switch ProbeDoor.socket(path: path).connect(until: deadline) {
        case .connected(let connected): descriptor = connected
        case .nobody(let code): throw .nobody(code)
        case .bad(let problem): throw .bad(problem)
        }
        // All that may throw comes behind this: what is not made does not close anything.
        var reader = AnswerReader()
        do throws(Failure) {
            guard believes || PeerUser.isTrusted(descriptor) else { throw .bad("it belongs to another user") }
            try Self.send("\(method) \(target) HTTP/1.1\r\nHost: coxswain\r\nConnection: close\r\n\r\n", descriptor)
            body = []
            while reader.status == nil {
                guard let bytes = try Self.receive(descriptor, until: deadline) else { throw .late }
                guard !bytes.isEmpty else { throw .bad("the connection was closed without an answer") }
                body += try Self.feed(bytes, &reader)
            }
        } catch {
            close(descriptor)
            throw error
        }
        process = PeerUser.credentials(descriptor)?.process
        status = reader.status ?? 0
        self.reader = reader
    }

    deinit { close(descriptor) }

    package enum Line: Equatable {
        /// Without its end.
        case line(String)
        /// The answer is over.
        case end
        /// No whole line has come in the time.
        case nothingYet
    }

    /// - Parameter timeout: seconds; nil waits without end.
    package func line(within timeout: Double? = nil) throws(Failure) -> Line {
        let deadline = timeout.map { Probe.now() + UInt64(max(0, min($0, 86_400)) * 1e9) }
        var searched = 0
        while true {
            if let end = body[searched...].firstIndex(of: 10) {
                let line = String(decoding: body[..<end], as: UTF8.self)
                body.removeFirst(end + 1)
                return .line(line)
            }
            searched = body.count
            if reader.isComplete { return .end }
            guard body.count < Self.longestLine else { throw .bad("a line of the answer has no end") }
            guard let bytes = try Self.receive(descriptor, until: deadline) else { return .nothingYet }
            guard !bytes.isEmpty else {
                // Whoever stops has no time for the end of an answer that has none.
                _ = reader.finish()
                return .end
            }
            body += try Self.feed(bytes, &reader)
        }
    }

    /// All of the body. At most ``longestLine`` bytes.
    ///
    /// - Parameter timeout: for all of it, seconds.
    package func text(within timeout: Double = 10) throws(Failure) -> String {
        let deadline = Probe.now() + UInt64(max(0, min(timeout, 86_400)) * 1e9)
        while !reader.isComplete {
            guard body.count < Self.longestLine else { throw .bad("the answer has no end") }
            guard let bytes = try Self.receive(descriptor, until: deadline) else { throw .late }
            if bytes.isEmpty {
                guard reader.finish() else { throw .bad("the answer was cut short") }
                break
            }
            body += try Self.feed(bytes, &reader)
        }
        defer { body = [] }
        return String(decoding: body, as: UTF8.self)
    }

    /// What is longer than this is none of ours; bytes.
    static let longestLine = 64 << 20

    // MARK: Bytes

    private static func feed(_ bytes: [UInt8], _ reader: inout AnswerReader) throws(Failure) -> [UInt8] {
        do { return try reader.feed(bytes) } catch { throw .bad("the answer is not HTTP") }
    }

    private static func send(_ text: String, _ descriptor: CInt) throws(Failure) {
        // It fits into any socket's buffer.
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw .bad("sending failed: \(String(cString: strerror(errno)))")
        }
    }

    /// - Returns: nothing at the end of the connection; nil when the time is over.
    private static func receive(_ descriptor: CInt, until deadline: UInt64?) throws(Failure) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            guard ProbeDoor.wait(descriptor, POLLIN, until: deadline ?? Probe.now() + 3_600_000_000_000) else {
                if deadline == nil { continue }
                return nil
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count >= 0 { return Array(chunk[..<count]) }
            // What PID 1 had not read when it went away: an end like any other.
            if errno == ECONNRESET { return [] }
            guard errno == EINTR || errno == EAGAIN else {
                throw .bad("the connection broke: \(String(cString: strerror(errno)))")
            }
        }
    }
}

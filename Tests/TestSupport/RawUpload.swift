import Foundation

/// One upload over a socket of its own, byte for byte: as slow as a test wants it, and broken off at any stage.
package final class RawUpload {
    /// How far an upload has come.
    package enum Stage: Sendable, CaseIterable {
        /// Connected, and not a byte sent.
        case connected
        case halfOfHead
        /// The whole head, and nothing of the body.
        case head
        /// Into the document.
        case halfOfBody
        /// All but the last byte: the document is there, the form has not ended.
        case allButLast
        /// The whole request; nothing of the answer was read.
        case request
        /// The answer has begun.
        case answer
    }

    /// How a client goes.
    package enum Departure: Sendable, CaseIterable {
        /// Closes as programs do when they end.
        case close
        /// Breaks the connection with a reset, as when a client with unread answers is killed.
        case reset
        /// Says that it will send no more, and still listens.
        case halfClose
    }

    private let descriptor: Int32
    private let head: [UInt8]
    private let body: [UInt8]
    private var sent = 0
    private var received: [UInt8] = []
    private var isClosed = false

    /// Connects, and sends nothing yet.
    ///
    /// - Parameters:
    ///   - fields: further header fields.
    ///   - timeout: seconds that a single byte may take in either direction.
    package init(
        _ document: [UInt8], to target: String = "/ocr/pdf", port: UInt16, fileName: String = "document.pdf",
        fields: [String: String] = [:], timeout: Double = 60
    ) throws {
        let part =
            "--upload\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(fileName)\"\r\n"
            + "Content-Type: application/pdf\r\n\r\n"
        body = Array(part.utf8) + document + Array("\r\n--upload--\r\n".utf8)
        let more = fields.map { "\($0.key): \($0.value)\r\n" }.sorted().joined()
        head = Array(
            ("POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=upload\r\n"
                + "Content-Length: \(body.count)\r\n\(more)\r\n").utf8)
        descriptor = try LocalSocket.connect(to: port)
        var limit = timeval(tv_sec: Int(timeout), tv_usec: Int(timeout.truncatingRemainder(dividingBy: 1) * 1e6))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var yes: Int32 = 1
        // What is written is sent, and not gathered.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { if !isClosed { close(descriptor) } }

    /// Goes on to a stage, in pieces of so many bytes with a pause in seconds after each.
    ///
    /// - Throws: ``HTTPExchange/Failure``, as where the server has closed the connection before.
    package func proceed(to stage: Stage, piece: Int = 1 << 16, pause: Double = 0) throws {
        let end = offset(of: stage)
        while sent < end {
            let count = try write(min(max(1, piece), end - sent))
            sent += count
            if pause > 0 { usleep(UInt32(pause * 1e6)) }
        }
        if stage == .answer, received.isEmpty, try !read() { throw HTTPExchange.Failure.cutShort }
    }

    /// Leaves; only after `halfClose` may an answer still be read.
    package func leave(_ departure: Departure) {
        guard !isClosed else { return }
        if departure == .halfClose {
            shutdown(descriptor, Int32(SHUT_WR))
            return
        }
        if departure == .reset {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }
        close(descriptor)
        isClosed = true
    }

    /// Reads the answer to its end.
    ///
    /// - Throws: ``HTTPExchange/Failure``: `cutShort` where the connection ends before.
    package func answer() throws -> ConnectionStorm.Answer {
        while true {
            if let answer = ConnectionStorm.Answer(received) { return answer }
            guard try read() else { throw HTTPExchange.Failure.cutShort }
        }
    }

    private func offset(of stage: Stage) -> Int {
        switch stage {
        case .connected: 0
        case .halfOfHead: head.count / 2
        case .head: head.count
        case .halfOfBody: head.count + body.count / 2
        case .allButLast: head.count + body.count - 1
        case .request, .answer: head.count + body.count
        }
    }

    /// Sends at most so many of the next bytes; returns how many.
    private func write(_ most: Int) throws -> Int {
        let (bytes, start) = sent < head.count ? (head, sent) : (body, sent - head.count)
        let count = bytes.withUnsafeBytes { buffer in
            send(
                descriptor, buffer.baseAddress?.advanced(by: start), min(most, bytes.count - start),
                Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw LocalSocket.failure(errno) }
        return count
    }

    /// Returns false at the end of the connection.
    private func read() throws -> Bool {
        guard !isClosed else { return false }
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { received += buffer[..<count] }
            return count
        }
        guard count >= 0 else { throw LocalSocket.failure(errno) }
        return count > 0
    }
}

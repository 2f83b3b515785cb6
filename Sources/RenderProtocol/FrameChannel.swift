import CRenderChannel
import Glibc

/// One end of the stream socket between the api and a renderer: frames of a UInt32 length, little-endian, and a body.
/// Blocking calls for one thread; the socket itself may be in either mode. Does not own its descriptor.
package struct FrameChannel: Sendable {
    package let descriptor: CInt

    package init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    package enum Failure: Error, Sendable, Equatable {
        /// The other side is gone; it may have died in the middle of a frame.
        case ended
        case deadlinePassed
        /// The wake descriptor became readable.
        case woken
        /// A frame longer than the cap.
        case malformed(String)
        case system(errno: CInt, call: String)
    }

    /// When to give up waiting.
    package struct Patience: Sendable {
        /// On CLOCK_MONOTONIC, in nanoseconds; nil waits for ever.
        package var deadline: UInt64?
        /// A descriptor that, once readable, ends the wait; -1 for none.
        package var wake: CInt

        package init(deadline: UInt64? = nil, wake: CInt = -1) {
            self.deadline = deadline
            self.wake = wake
        }

        package static let endless = Patience()
    }

    /// - Parameter passing: a file descriptor to send along, or -1; the receiver gets its own.
    package func send(
        _ body: [UInt8], passing passed: CInt = -1, patience: Patience = .endless
    ) throws(Failure) {
        var header = WireWriter()
        header.write(UInt32(clamping: body.count))
        try send(all: header.bytes, passing: passed, patience: patience)
        try send(all: body, passing: -1, patience: patience)
    }

    /// - Parameter limit: the longest body that is accepted; a frame that announces more is refused unread.
    /// - Returns: the body, and the descriptor that came with the frame (owned by the caller) or -1.
    package func receive(
        atMost limit: Int, patience: Patience = .endless
    ) throws(Failure) -> (body: [UInt8], passed: CInt) {
        var passed: CInt = -1
        do throws(Failure) {
            let header = try receive(exactly: 4, passed: &passed, patience: patience)
            var reader = WireReader(header[...])
            let length = Int((try? reader.integer(UInt32.self)) ?? .max)
            guard length <= limit else { throw .malformed("a frame of \(length) bytes, more than \(limit)") }
            let body = try receive(exactly: length, passed: &passed, patience: patience)
            return (body, passed)
        } catch {
            if passed >= 0 { close(passed) }
            throw error
        }
    }

    private func send(all bytes: [UInt8], passing passed: CInt, patience: Patience) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { part in
                crc_send(descriptor, part.baseAddress, part.count, sent == 0 ? passed : -1)
            }
            if count >= 0 {
                sent += count
            } else {
                try recover(errno, call: "sendmsg", waitingFor: CShort(POLLOUT), patience: patience)
            }
        }
    }

    private func receive(
        exactly count: Int, passed: inout CInt, patience: Patience
    ) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                var arrived: CInt = -1
                let part = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let received = crc_receive(descriptor, part.baseAddress, part.count, &arrived)
                let code = errno
                if arrived >= 0 {
                    if passed >= 0 { close(passed) }
                    passed = arrived
                }
                if received > 0 {
                    filled += received
                } else if received == 0 {
                    failure = .ended
                    return
                } else {
                    do throws(Failure) {
                        try recover(code, call: "recvmsg", waitingFor: CShort(POLLIN), patience: patience)
                    } catch {
                        failure = error
                        return
                    }
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Returns when the call that failed with `code` is worth repeating.
    private func recover(
        _ code: CInt, call: String, waitingFor events: CShort, patience: Patience
    ) throws(Failure) {
        switch code {
        case EINTR: return
        case EAGAIN: try wait(for: events, patience: patience)
        case EPIPE, ECONNRESET: throw .ended
        default: throw .system(errno: code, call: call)
        }
    }

    /// Returns when the socket is ready for `events` or has ended.
    package func wait(for events: CShort, patience: Patience) throws(Failure) {
        while true {
            var timeout: CInt = -1
            if let deadline = patience.deadline {
                let now = monotonicNanoseconds()
                guard now < deadline else { throw .deadlinePassed }
                timeout = CInt(clamping: (deadline - now + 999_999) / 1_000_000)
            }
            // poll ignores a negative descriptor, so "no wake descriptor" needs no case of its own.
            var entries = (
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: patience.wake, events: CShort(POLLIN), revents: 0)
            )
            let ready = withUnsafeMutableBytes(of: &entries) { bytes in
                poll(bytes.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, timeout)
            }
            if ready < 0 {
                guard errno == EINTR else { throw .system(errno: errno, call: "poll") }
                continue
            }
            if entries.1.revents != 0 { throw .woken }
            if entries.0.revents != 0 { return }
        }
    }
}

/// CLOCK_MONOTONIC, in nanoseconds.
package func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

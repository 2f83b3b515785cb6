import Glibc
import Synchronization

/// Writes lines to a descriptor whose reader may stall, without ever stalling who logs.
///
/// One thread writes, blocking as long as it must; lines wait for it in bounded memory. What does not fit is dropped and
/// counted, and the count is said when there is room again. (O_NONBLOCK is no way out: an inherited standard output is
/// shared with others.)
package final class LogWriter: Sendable {
    private let descriptor: CInt
    private let wake: CInt
    private let capacity: Int
    private let pending = Mutex(Pending())

    private struct Pending {
        var lines: [String] = []
        var bytes = 0
        var dropped = 0
        /// Lines handed to the writing thread and not yet written.
        var writing = 0
    }

    /// - Parameters:
    ///   - capacity: bytes that may wait.
    ///   - lost: the line that says how many were dropped.
    package init(descriptor: CInt, capacity: Int = 1 << 20, lost: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.capacity = capacity
        var pair: [CInt] = [-1, -1]
        // A pipe that blocks is the simplest way to sleep until there is work.
        _ = pipe(&pair)
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = pair[1]
        let bell = pair[0]
        startThread { [self] in
            // A reader that is gone is an error of write(2) like any other, not the end of the process.
            var pipeSignal = sigset_t()
            sigemptyset(&pipeSignal)
            sigaddset(&pipeSignal, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
            var byte: UInt8 = 0
            while read(bell, &byte, 1) > 0 || errno == EINTR {
                drain(lost)
            }
            close(bell)
        }
    }

    package func write(_ line: String) {
        let wasEmpty = pending.withLock { pending -> Bool in
            guard pending.bytes + line.utf8.count <= capacity else {
                pending.dropped += 1
                return false
            }
            pending.bytes += line.utf8.count
            pending.lines.append(line)
            return pending.lines.count == 1
        }
        if wasEmpty { ring() }
    }

    /// Waits until all is written, at most so long.
    package func flush(within milliseconds: Int) {
        for _ in 0..<milliseconds {
            if pending.withLock({ $0.lines.isEmpty && $0.writing == 0 }) { return }
            usleep(1000)
        }
    }

    private func ring() {
        var byte: UInt8 = 1
        _ = Glibc.write(wake, &byte, 1)
    }

    private func drain(_ lost: (Int) -> String) {
        while true {
            let batch = pending.withLock { pending -> [String] in
                var lines = pending.lines
                if pending.dropped > 0 { lines.append(lost(pending.dropped)) }
                pending.lines.removeAll(keepingCapacity: pending.bytes < 1 << 16)
                pending.bytes = 0
                pending.dropped = 0
                pending.writing = lines.count
                return lines
            }
            guard !batch.isEmpty else { return }
            var text = batch.joined()
            text.withUTF8 { bytes in
                var rest = UnsafeRawBufferPointer(bytes)
                while !rest.isEmpty {
                    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    if count < 0, errno == EAGAIN {
                        // Somebody else made the shared descriptor non-blocking.
                        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        _ = Glibc.poll(&poll, 1, -1)
                        continue
                    }
                    // Nobody reads any more: there is nobody to tell either.
                    guard count > 0 else { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
            pending.withLock { $0.writing = 0 }
        }
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        if result == 0 { pthread_detach(thread) } else { box.release() }
    }

    private final class ThreadBody: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

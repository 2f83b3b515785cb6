import Glibc
import Synchronization
import Threads

/// Writes lines to a descriptor whose reader may stall, without ever stalling who logs.
///
/// One thread writes, blocking as long as it must; lines wait for it in bounded memory (``LogBacklog``). What does not fit is
/// dropped and counted by service, and the counts are said when the reader is back. (O_NONBLOCK is no way out: an inherited
/// standard output is shared with others.)
///
/// Whoever reads the pipes of the services goes on doing so meanwhile, and drops: a service whose pipe is full stands still
/// in its next line, and an engine that stands still answers nobody. A gap in the log costs less than the work.
///
/// Lines are written whole, in pieces of at most PIPE_BUF bytes, which a pipe takes whole or not at all (pipe(7)): also where
/// the process ends with its reader stalled, or another process writes to the same pipe, no record of that length is torn.
///
/// Where a write fails (the reader is gone, the disk is full) nothing is thrown away but what finds no room: it is tried again
/// after a second, then two, up to a minute.
package final class LogWriter: Sendable {
    /// Lines that were dropped, by service.
    package struct Losses: Sendable, Equatable {
        package var services: [String: Int] = [:]
        package var total: Int { services.values.reduce(0, +) }
    }

    private let descriptor: CInt
    private let wake: CInt
    private let state: Mutex<State>

    private struct State {
        var backlog: LogBacklog
        /// The last write failed.
        var isFailing = false
    }

    /// - Parameters:
    ///   - capacity: bytes that may wait.
    ///   - owner: whose lines have a part of it for themselves: 1/16.
    ///   - firstRetry: milliseconds after a failed write until the next.
    ///   - lost: the line that says how many were dropped; called on the thread that writes.
    package init(
        descriptor: CInt, capacity: Int = 1 << 20, owner: String, firstRetry: Int = 1000,
        lost: @escaping @Sendable (Losses) -> String
    ) {
        self.descriptor = descriptor
        state = Mutex(State(backlog: LogBacklog(capacity: capacity, reserve: capacity / 16, owner: owner)))
        var pair: [CInt] = [-1, -1]
        // A pipe that blocks is the simplest way to sleep until there is work.
        _ = pipe(&pair)
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = pair[1]
        let bell = pair[0]
        // It blocks SIGPIPE: a reader that is gone is an error of write(2) like any other, not the end of the process.
        PlainThread.startDetached { [self] in
            var byte: UInt8 = 0
            while read(bell, &byte, 1) > 0 || errno == EINTR {
                drain(lost, firstRetry: firstRetry)
            }
            close(bell)
        }
    }

    package func write(_ lines: LineBatch, of service: String) {
        let mustRing = state.withLock { state -> Bool in
            let wasEmpty = state.backlog.hasNoneToTake
            state.backlog.add(lines, of: service)
            return wasEmpty && !state.backlog.hasNoneToTake
        }
        if mustRing { ring() }
    }

    /// All lines that were ever dropped.
    package var droppedLines: Int { state.withLock { $0.backlog.totalLost } }

    /// Waits until all is written, at most so long; not at all where writing fails.
    package func flush(within milliseconds: Int) {
        for _ in 0..<milliseconds {
            if state.withLock({ $0.backlog.isEmpty || $0.isFailing }) { return }
            usleep(1000)
        }
    }

    private func ring() {
        var byte: UInt8 = 1
        _ = Glibc.write(wake, &byte, 1)
    }

    // MARK: The thread that writes

    private func drain(_ lost: (Losses) -> String, firstRetry: Int) {
        while var batch = state.withLock({ $0.backlog.take() }) {
            if batch.losses.total > 0 {
                let text = lost(batch.losses)
                batch = state.withLock { state in
                    var whole = batch
                    state.backlog.append(text, to: &whole)
                    return whole
                }
            }
            write(batch, firstRetry: firstRetry)
        }
    }

    private func write(_ batch: LogBacklog.Batch, firstRetry: Int) {
        var retry = firstRetry
        var lines = batch.lines[...]
        // A line that was written in part is written again, on a line of its own.
        var isTorn = false
        batch.bytes.withUnsafeBytes { bytes in
            var offset = 0
            while !lines.isEmpty {
                let length = Self.piece(of: lines)
                if isTorn, Glibc.write(descriptor, "\n", 1) == 1 { isTorn = false }
                let written = isTorn ? 0 : write(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
                let whole = Self.whole(lines, within: written)
                state.withLock { state in
                    state.isFailing = written < length
                    state.backlog.wrote(lines[..<whole.end])
                }
                lines = lines[whole.end...]
                offset += whole.length
                if written == length {
                    retry = firstRetry
                } else {
                    isTorn = isTorn || written > whole.length
                    poll(nil, 0, CInt(retry))
                    retry = min(retry * 2, 60_000)
                }
            }
        }
    }

    /// Bytes of as many whole lines as PIPE_BUF holds; of one at least.
    private static func piece(of lines: ArraySlice<LogBacklog.Line>) -> Int {
        max(whole(lines, within: Int(PIPE_BUF)).length, lines.first.map { Int($0.length) } ?? 0)
    }

    /// The lines that fit into so many bytes.
    private static func whole(_ lines: ArraySlice<LogBacklog.Line>, within bytes: Int) -> (end: Int, length: Int) {
        var length = 0
        for index in lines.indices {
            guard length + Int(lines[index].length) <= bytes else { return (index, length) }
            length += Int(lines[index].length)
        }
        return (lines.endIndex, length)
    }

    /// - Returns: how many bytes were written; fewer than there are when it failed.
    private func write(_ piece: UnsafeRawBufferPointer) -> Int {
        var written = 0
        while written < piece.count {
            let rest = UnsafeRawBufferPointer(rebasing: piece[written...])
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Somebody else made the shared descriptor non-blocking.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&room, 1, -1)
                continue
            }
            guard count > 0 else { break }
            written += count
        }
        return written
    }
}

import Foundation
import Synchronization

/// A client that opens a new connection every millisecond, asks one thing on each, reads the answer to its end, and notes
/// how each ended. One thread and poll(2).
package final class ConnectionStorm: Sendable {
    /// How one connection ended, as its client saw it.
    package enum Ending: Sendable, Equatable {
        /// A whole answer came: all the bytes that `Content-Length` promises.
        case whole(status: Int)
        case refused
        case reset
        /// The connection ended before a whole answer.
        case cutShort
        case timedOut
        /// The number of any other error, as errno(3) has it.
        case failed(Int32)
    }

    package struct Connection: Sendable {
        package var question: Question.Kind
        /// The client's side.
        package var peer: Peer
        /// Seconds of ``now()``.
        package var openedAt: Double
        package var endedAt: Double
        package var ending: Ending
        /// What is wrong with the answer.
        package var complaint: String?
    }

    /// The client's address as the server sees it.
    package struct Peer: Hashable, Sendable, CustomStringConvertible {
        /// Last byte of 127.0.0.x.
        package var host: UInt8
        package var port: UInt16
        package var description: String { "127.0.0.\(host):\(port)" }

        package init(host: UInt8, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    private struct Shared {
        var ended: [Connection] = []
        /// To be opened beside those of the rhythm.
        var wanted: [Question] = []
        var isOver = false
    }

    private let port: UInt16
    private let rhythm: [Question]
    private let judge: @Sendable (Question.Kind, Answer) -> String?
    private let shared = Mutex(Shared())
    private let finished = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - rhythm: what is asked, in turn, every millisecond.
    ///   - judge: says what is wrong with a whole answer; nil when it is good.
    package init(
        port: UInt16, rhythm: [Question], judge: @escaping @Sendable (Question.Kind, Answer) -> String?
    ) {
        self.port = port
        self.rhythm = rhythm
        self.judge = judge
        Thread.detachNewThread { self.run() }
    }

    /// Asks something beside the rhythm, at once.
    package func ask(_ question: Question) { shared.withLock { $0.wanted.append(question) } }

    /// Connections that have ended so far.
    package var ended: [Connection] { shared.withLock { $0.ended } }

    /// Opens no more, waits for those that are open, and returns all.
    package func end() -> [Connection] {
        shared.withLock { $0.isOver = true }
        finished.wait()
        return ended
    }

    deinit { shared.withLock { $0.isOver = true } }

    /// Seconds of the clock that all times here are of.
    package static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: The client's thread

    private static let period = 0.001
    /// Several client addresses, since one has only 28,000 ports and each is taken for a minute after its connection.
    private static let hosts = 8

    private func run() {
        var open: [StormConnection] = []
        var polled: [pollfd] = []
        var count = 0
        var next = Self.now()
        while true {
            let (wanted, isOver) = shared.withLock { shared in
                defer { shared.wanted = [] }
                return (shared.wanted, shared.isOver)
            }
            if isOver, open.isEmpty { break }
            var ended: [Connection] = []
            for question in wanted { begin(question, &count, &open, &ended) }
            while !isOver, next <= Self.now() {
                begin(rhythm[count % rhythm.count], &count, &open, &ended)
                next += Self.period
            }
            let before = Self.now()
            polled = open.map { pollfd(fd: $0.descriptor, events: $0.interest(at: before), revents: 0) }
            poll(&polled, nfds_t(polled.count), 1)
            let now = Self.now()
            for index in open.indices.reversed() {
                guard let ending = open[index].proceed(polled[index].revents, at: now) else { continue }
                ended.append(open.remove(at: index).outcome(ending, at: now, judge))
            }
            if !ended.isEmpty { shared.withLock { $0.ended += ended } }
        }
        finished.signal()
    }

    private func begin(
        _ question: Question, _ count: inout Int, _ open: inout [StormConnection], _ ended: inout [Connection]
    ) {
        let now = Self.now()
        let host = UInt8(2 + count % Self.hosts)
        count += 1
        let connection = StormConnection(question, to: port, from: host, at: now)
        if let ending = connection.failure {
            ended.append(connection.outcome(ending, at: now, judge))
        } else {
            open.append(connection)
        }
    }
}

package import NIOCore

/// Tells PID 1 that this process works, only when it does.
///
/// A timer alone would tick in a process whose threads all hang. So each ping comes after every event loop has taken a turn,
/// and then the thread that speaks to the engine; it is sent by a task, and so the pool of tasks has turned too. One that
/// never answers holds the ping back, and whoever waits for it knows.
package struct Watchdog: Sendable {
    private let interval: Duration
    private let loops: [any EventLoop]
    private let others: @Sendable () async -> Void
    private let send: @Sendable (String) -> Bool

    /// - Parameters:
    ///   - interval: the longest time that PID 1 waits for a ping; a third of it lies between two.
    ///   - loops: all that serve.
    ///   - others: returns once everything else that has to turn has turned.
    ///   - send: hands over one datagram without blocking.
    package init(
        interval: Duration, loops: [any EventLoop], others: @escaping @Sendable () async -> Void = {},
        send: @escaping @Sendable (String) -> Bool
    ) {
        self.interval = interval
        self.loops = loops
        self.others = others
        self.send = send
    }

    /// Pings until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            for loop in loops { try? await loop.submit {}.get() }
            await others()
            _ = send("WATCHDOG=1")
            // Never a busy loop, however short an interval somebody sets.
            try? await Task.sleep(until: start + max(interval / 3, .milliseconds(10)), clock: .continuous)
        }
    }
}

package import EngineClient

/// Tells PID 1 how the engine's requests are doing, which nobody else knows: vLLM's own gauges read zero over a stopped
/// engine, and its health check says that all is well.
///
/// A datagram (sd_notify(3)) of two fields: `X_ENGINE_REQUESTS`, how many are at the engine, and `X_ENGINE_SILENT_USEC`,
/// the microseconds that some have been waiting since the last token or answer of any of them. It is sent when the
/// number begins or ceases to be zero, and each interval while it is not; nothing while nothing is in flight.
package struct ActivityReporter: Sendable {
    private let activity: EngineActivity
    private let interval: Duration
    private let send: @Sendable (String) -> Bool

    /// Time that changes are collected before they are reported.
    private static let pause = Duration.milliseconds(20)

    /// - Parameter send: hands over one datagram without blocking; false when it could not be delivered now.
    package init(
        activity: EngineActivity, interval: Duration = .seconds(1), send: @escaping @Sendable (String) -> Bool
    ) {
        self.activity = activity
        self.interval = interval
        self.send = send
    }

    /// Reports until the task is cancelled.
    package func run() async {
        let (moments, moment) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        activity.observe { moment.yield() }
        // What began before anybody looked.
        if activity.reading.requests > 0 { moment.yield() }
        var next: Task<Void, Never>?
        for await _ in moments {
            next?.cancel()
            // Short requests come and go many times a second, and each report wakes PID 1.
            try? await Task.sleep(for: min(Self.pause, interval))
            let reading = activity.reading
            let isDelivered = send(Self.fields(reading))
            // A zero that was lost would leave PID 1 with requests that never end.
            guard reading.requests > 0 || !isDelivered else { continue }
            next = Task {
                do { try await Task.sleep(for: interval) } catch { return }
                moment.yield()
            }
        }
        next?.cancel()
    }

    private static func fields(_ reading: EngineActivity.Reading) -> String {
        "X_ENGINE_REQUESTS=\(reading.requests)\nX_ENGINE_SILENT_USEC=\(Int(reading.silence / .microseconds(1)))"
    }
}

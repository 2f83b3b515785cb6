import ProcessHost

/// How often the pipes of services are read.
///
/// At once, as long as little comes. A pipe that is written to all the time, a line at a time, would wake this process for
/// each line: it is read every few milliseconds then, together with all others of its kind, as network drivers do with a busy
/// card. One that is written to faster than that is read chunk by chunk, in turn with everything else.
final class PipePace {
    /// Bytes that are read at once; what they hold takes about a millisecond to tell.
    static let chunk = 16 * 1024
    private static let interval = Duration.milliseconds(5)

    protocol Source: AnyObject {
        var descriptor: CInt { get }
        var allowance: Allowance { get set }
        /// - Returns: how many bytes; 0 when there is nothing now, nil when it has ended.
        func read() -> Int?
    }

    /// How often one may still be read as soon as it has something.
    struct Allowance {
        private static let most = 32.0
        /// A second.
        private static let gain = 100.0
        private var left = most
        private var at: UInt64 = 0

        mutating func take(at now: UInt64) -> Bool {
            left = min(Self.most, left + Double(now - min(at, now)) / 1e9 * Self.gain)
            at = now
            guard left >= 1 else { return false }
            left -= 1
            return true
        }
    }

    private let loop: EventLoop
    /// Those that are read by the clock.
    private var busy: [any Source] = []
    private var timer: EventLoop.TimerToken?

    init(loop: EventLoop) { self.loop = loop }

    func begin(_ source: any Source) throws {
        try loop.watch(source.descriptor, for: .readable) { [self] _ in
            guard let length = source.read() else { return }
            // There is more: it comes again when all others have had their turn.
            guard length < Self.chunk, !source.allowance.take(at: EventLoop.now()) else { return }
            loop.unwatch(source.descriptor)
            busy.append(source)
            readLater()
        }
    }

    /// Before its descriptor is closed.
    func end(_ source: any Source) {
        loop.unwatch(source.descriptor)
        busy.removeAll { $0 === source }
    }

    private func readLater() {
        guard timer == nil else { return }
        timer = loop.after(Self.interval) { [unowned self] in
            timer = nil
            readTheBusy()
        }
    }

    private func readTheBusy() {
        for source in busy {
            guard let length = source.read() else { continue }
            // Quiet again, or too much for this: told by the kernel from now on. Where that is refused it goes on so.
            if length == 0 || length == Self.chunk, (try? begin(source)) != nil { busy.removeAll { $0 === source } }
        }
        if !busy.isEmpty { readLater() }
    }
}

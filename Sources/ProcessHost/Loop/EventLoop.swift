import CLinux
import Glibc

/// The loop of the one thread that decides: waits for descriptors, the time, and messages from other threads.
///
/// Not `Sendable`: it and all its handlers live on the thread that calls ``run()``. Other threads reach it through a
/// ``Mailbox`` alone.
package final class EventLoop {
    private let epoll: CInt
    private let timer: CInt
    private var handlers: [CInt: Handler] = [:]
    /// Counts registrations, so that an event of a descriptor that was closed, and whose number is used again, is known
    /// for what it is.
    private var registrations: UInt32 = 0
    /// The core's deadline.
    private var deadline: Timer?
    /// Everybody else's, few at a time.
    private var timers: [TimerToken: Timer] = [:]
    private var timersMade: UInt64 = 0
    /// What the one timer of the kernel is set to; 0 when it is not.
    private var armed: UInt64 = 0
    private var running = true

    private struct Handler {
        var registration: UInt32
        var body: (Readiness) -> Void
    }

    private struct Timer {
        /// Nanoseconds of ``now()``.
        var due: UInt64
        var body: () -> Void
    }

    /// Names one call that ``after(_:_:)`` will make.
    package struct TimerToken: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    package struct Readiness: OptionSet, Sendable {
        package let rawValue: CInt
        package init(rawValue: CInt) { self.rawValue = rawValue }
        package static let readable = Readiness(rawValue: CInt(COX_READABLE))
        package static let writable = Readiness(rawValue: CInt(COX_WRITABLE))
        package static let hangup = Readiness(rawValue: CInt(COX_HANGUP))
    }

    package init() throws {
        epoll = cox_epoll_create()
        guard epoll >= 0 else { throw SystemError("create an epoll instance") }
        timer = cox_timerfd()
        guard timer >= 0 else { throw SystemError("create a timer") }
        try watch(timer, for: .readable) { [unowned self] _ in
            var expirations: UInt64 = 0
            _ = read(timer, &expirations, MemoryLayout.size(ofValue: expirations))
            armed = 0
            runDueTimers()
        }
    }

    deinit {
        close(epoll)
        close(timer)
    }

    /// Calls `body` on the loop's thread whenever `descriptor` is ready; an earlier handler of the descriptor is replaced.
    package func watch(_ descriptor: CInt, for readiness: Readiness, _ body: @escaping (Readiness) -> Void) throws {
        registrations &+= 1
        let token = UInt64(registrations) << 32 | UInt64(UInt32(bitPattern: descriptor))
        guard cox_epoll_set(epoll, descriptor, readiness.rawValue, token) == 0 else {
            throw SystemError("watch descriptor \(descriptor)")
        }
        handlers[descriptor] = Handler(registration: registrations, body: body)
    }

    /// Must be called before the descriptor is closed.
    package func unwatch(_ descriptor: CInt) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        _ = cox_epoll_set(epoll, descriptor, 0, 0)
    }

    /// Calls `body` once when `nanoseconds` of ``now()`` have come; nil disarms. One deadline at a time: the earliest.
    package func setDeadline(_ nanoseconds: UInt64?, _ body: @escaping () -> Void) {
        deadline = nanoseconds.map { Timer(due: $0, body: body) }
        arm()
    }

    /// Calls `body` once, when `delay` has gone by; never from within this call.
    @discardableResult
    package func after(_ delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        timersMade += 1
        let token = TimerToken(number: timersMade)
        let (seconds, attoseconds) = delay.components
        // A century at most, for the sake of the arithmetic.
        let nanoseconds = min(max(seconds, 0), 3_200_000_000) * 1_000_000_000 + max(attoseconds, 0) / 1_000_000_000
        timers[token] = Timer(due: Self.now() + UInt64(nanoseconds), body: body)
        arm()
        return token
    }

    /// The call is not made; nothing happens where it has been.
    package func cancel(_ token: TimerToken) {
        guard timers.removeValue(forKey: token) != nil else { return }
        arm()
    }

    /// Sets the kernel's timer to what is due first, so that there is no wake-up while nothing is.
    private func arm() {
        let earliest = timers.values.reduce(deadline?.due) { min($0 ?? $1.due, $1.due) }
        let wanted = earliest.map { max($0, 1) } ?? 0
        guard wanted != armed else { return }
        armed = wanted
        _ = cox_timerfd_set(timer, wanted)
    }

    private func runDueTimers() {
        let now = Self.now()
        // Only what is due by now: a timer that is set anew each time it fires must not keep the loop from its descriptors.
        let due = timers.filter { $0.value.due <= now }.sorted {
            ($0.value.due, $0.key.number) < ($1.value.due, $1.key.number)
        }
        if let deadline, deadline.due <= now {
            self.deadline = nil
            deadline.body()
        }
        // One that an earlier one has cancelled is gone from the table.
        for (token, _) in due { timers.removeValue(forKey: token)?.body() }
        arm()
    }

    /// Nanoseconds of CLOCK_BOOTTIME.
    package static func now() -> UInt64 { cox_now_nanoseconds() }

    package func stop() { running = false }

    /// Runs until ``stop()``.
    package func run() throws {
        var tokens = [UInt64](repeating: 0, count: 64)
        var events = [CInt](repeating: 0, count: 64)
        while running {
            let count = cox_epoll_wait(epoll, &tokens, &events, 64)
            guard count >= 0 else { throw SystemError("wait for events") }
            for index in 0..<Int(count) {
                let descriptor = CInt(bitPattern: UInt32(truncatingIfNeeded: tokens[index]))
                let registration = UInt32(tokens[index] >> 32)
                guard let handler = handlers[descriptor], handler.registration == registration else { continue }
                handler.body(Readiness(rawValue: events[index]))
            }
        }
    }
}

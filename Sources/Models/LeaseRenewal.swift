import Glibc
import Synchronization
import Threads

/// Keeps a lease: a thread that looks at its file and renews it, until it is told to stop or sees that it was lost.
final class LeaseRenewal: Sendable {
    private struct State {
        var machine: LeaseMachine
        var record: LeaseRecord
        var thread: pthread_t?
        var isStopped = false
    }

    private let state: Mutex<State>
    /// File calls may take long: never under `state`.
    private let file: LeaseFile
    private let interval: CInt
    /// A byte into one wakes the thread at the other.
    private let (wake, end): (CInt, CInt)

    init(_ file: LeaseFile, _ machine: LeaseMachine) {
        let record = LeaseRecord(owner: file.owner, boot: nil)
        state = Mutex(State(machine: machine, record: record))
        self.file = file
        interval = max(1, CInt(clamping: Int64(machine.terms.renewal / .milliseconds(1))))
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        if socketpair(AF_UNIX, kind, 0, &ends) != 0 { ends = [-1, -1] }
        (wake, end) = (ends[0], ends[1])
        // It keeps this object until it ends, which ``stop()`` waits for. Without a thread, belief ends by itself.
        let thread = PlainThread.start { [self] in run() }
        state.withLock { $0.thread = thread }
    }

    deinit {
        for descriptor in [wake, end] where descriptor >= 0 { close(descriptor) }
    }

    var believes: Bool { state.withLock { !$0.isStopped && $0.machine.believes(at: MonotonicClock.now) } }

    var isLost: Bool { state.withLock { $0.isStopped || $0.machine.state == .lost } }

    func note(_ note: LeaseNote) { state.withLock { $0.record.note = note } }

    func stop() {
        let thread: pthread_t? = state.withLock { state in
            if state.isStopped { return nil }
            state.isStopped = true
            return state.thread
        }
        guard let thread else { return }
        _ = Glibc.write(end, [0], 1)
        pthread_join(thread, nil)
        let released: LeaseRecord? = state.withLock { state in
            if state.machine.state == .lost { return nil }
            state.record.isReleased = true
            state.record.sequence += 1
            return state.record
        }
        // Into our own file: whoever may have taken its place meanwhile is not touched.
        if let released { file.write(released) }
        // With its descriptor goes its lock.
        file.end()
    }

    private func run() {
        var isFirst = true
        while true {
            // At once the first time: so that what stands in the file is this run's.
            var descriptor = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, isFirst ? 0 : interval) > 0 || state.withLock({ $0.isStopped }) { return }
            isFirst = false
            if !renew() { return }
        }
    }

    /// - Returns: false where there is nothing left to renew.
    private func renew() -> Bool {
        let begin = MonotonicClock.now
        let sighting = file.look().0
        let (action, record): (LeaseMachine.Action, LeaseRecord) = state.withLock { state in
            let action = state.machine.looked(sighting, at: begin)
            if action == .renew { state.record.sequence += 1 }
            return (action, state.record)
        }
        switch action {
        case .renew:
            file.write(record)
            return true
        case .stop: return false
        default: return true
        }
    }
}

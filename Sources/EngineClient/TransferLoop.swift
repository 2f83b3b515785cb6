import CCurl
import Glibc
import Synchronization
import Threads

/// libcurl's multi interface on one thread of its own.
///
/// Every handle is made, driven and freed on that thread; others only leave orders under a lock and wake it. A
/// blocking wait may not sit on a thread of Swift's own pool, and one thread serves any number of transfers.
final class TransferLoop: Sendable {
    typealias Outcome = Result<TransferResponse, TransferFailure>

    private enum Order: Sendable {
        case start(UInt64, TransferRequest, CheckedContinuation<Outcome, Never>)
        case cancel(UInt64)
        case turn(CheckedContinuation<Void, Never>)
        case forgetConnections
        case stop
    }

    private struct Mailbox: Sendable {
        var orders: [Order] = []
        var lastIdentifier: UInt64 = 0
        /// Nil once the thread has ended.
        var multi: MultiHandle?
    }

    private let mailbox: Mutex<Mailbox>

    /// - Parameter maximumConnections: the most connections that are kept, idle ones among them.
    /// - Returns: nil where the system refuses memory or a thread.
    init?(maximumConnections: Int) {
        guard globalInitialization == CURLE_OK, let handle = curl_multi_init() else { return nil }
        // Refused, libcurl keeps four for each transfer, which is a bound too.
        _ = ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, maximumConnections)
        let multi = MultiHandle(pointer: handle)
        mailbox = Mutex(Mailbox(multi: multi))
        guard PlainThread.startDetached({ self.run() }) else {
            curl_multi_cleanup(handle)
            return nil
        }
    }

    /// Makes one exchange. Cancelling the task ends it at once.
    func perform(_ request: TransferRequest) async throws(TransferFailure) -> TransferResponse {
        let identifier = mailbox.withLock { mailbox in
            mailbox.lastIdentifier += 1
            return mailbox.lastIdentifier
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                if !post(.start(identifier, request, continuation)) {
                    continuation.resume(returning: .failure(.closed))
                }
                // A cancellation from before the start was posted came to nothing.
                if Task.isCancelled { post(.cancel(identifier)) }
            }
        } onCancel: {
            post(.cancel(identifier))
        }
        return try outcome.get()
    }

    /// Returns once the thread has taken up an order, or has ended.
    func turn() async {
        await withCheckedContinuation { continuation in
            if !post(.turn(continuation)) { continuation.resume() }
        }
    }

    /// No connection made until now is used for another request; those with a request on them are left alone.
    func forgetConnections() {
        post(.forgetConnections)
    }

    /// Ends every transfer as cancelled, and the thread.
    func stop() {
        post(.stop)
    }

    /// - Returns: false when the thread has ended, and so nobody will take the order.
    @discardableResult
    private func post(_ order: Order) -> Bool {
        mailbox.withLock { mailbox in
            guard let multi = mailbox.multi else { return false }
            mailbox.orders.append(order)
            curl_multi_wakeup(multi.pointer)
            return true
        }
    }

    // MARK: - On the thread

    fileprivate func run() {
        guard let multi = mailbox.withLock({ $0.multi?.pointer }) else { return }
        var running = Running(multi: multi)
        while running.isWanted {
            for order in takeOrders() {
                switch order {
                case .start(let identifier, let request, let continuation):
                    running.start(identifier, request, continuation)
                case .cancel(let identifier): running.cancel(identifier)
                case .turn(let continuation): continuation.resume()
                case .forgetConnections: running.forgetConnections()
                case .stop: running.isWanted = false
                }
            }
            running.advance()
        }
        // From here on nobody may wake the handle that is about to be freed.
        let left = mailbox.withLock { mailbox in
            mailbox.multi = nil
            defer { mailbox.orders = [] }
            return mailbox.orders
        }
        for order in left {
            switch order {
            case .start(_, _, let continuation): continuation.resume(returning: .failure(.closed))
            case .turn(let continuation): continuation.resume()
            case .cancel, .forgetConnections, .stop: break
            }
        }
        running.cancelAll()
        curl_multi_cleanup(multi)
    }

    private func takeOrders() -> [Order] {
        mailbox.withLock { mailbox in
            defer { mailbox.orders = [] }
            return mailbox.orders
        }
    }

    /// The transfers under way: the thread's own, so it needs no lock.
    private struct Running {
        typealias Entry = (
            identifier: UInt64, transfer: Transfer, continuation: CheckedContinuation<Outcome, Never>
        )

        let multi: UnsafeMutableRawPointer
        var isWanted = true
        private var entries: [UnsafeMutableRawPointer: Entry] = [:]
        /// Made with the first transfer; given up after a time without any, so that no descriptors are held for nothing.
        private var connections: ConnectionCache?
        private var lastEnd = SuspendingClock.now

        init(multi: UnsafeMutableRawPointer) {
            self.multi = multi
        }

        mutating func start(
            _ identifier: UInt64, _ request: TransferRequest, _ continuation: CheckedContinuation<Outcome, Never>
        ) {
            connections = connections ?? ConnectionCache()
            guard let connections, let transfer = Transfer(request, connections),
                curl_multi_add_handle(multi, transfer.handle) == CURLM_OK
            else {
                let failure = TransferFailure(kind: .invalid, message: "libcurl refused the request")
                continuation.resume(returning: .failure(failure))
                return
            }
            entries[transfer.handle] = (identifier, transfer, continuation)
        }

        mutating func cancel(_ identifier: UInt64) {
            guard let handle = entries.first(where: { $0.value.identifier == identifier })?.key else { return }
            end(handle, .failure(.cancelled))
        }

        mutating func forgetConnections() {
            connections = nil
        }

        mutating func cancelAll() {
            for handle in Array(entries.keys) { end(handle, .failure(.closed)) }
        }

        /// Moves every transfer on, hands over those that have ended, and waits for more to happen.
        mutating func advance() {
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            var finished: UnsafeMutableRawPointer?
            var code = CURLE_OK
            while ccurl_next_finished(multi, &finished, &code) {
                if let handle = finished, let entry = entries[handle] { end(handle, entry.transfer.result(code)) }
            }
            let pause = endWhatIsSilent()
            // Wakes for the network, for libcurl's own timers and for `post`.
            if isWanted { curl_multi_poll(multi, nil, 0, Int32(pause.wholeMilliseconds + 1), nil) }
        }

        /// - Returns: how long there is nothing to end for want of movement; 10 s at most, which bounds a lost wake-up.
        private mutating func endWhatIsSilent() -> Duration {
            let now = SuspendingClock.now
            var next = now + .seconds(10)
            for (handle, entry) in entries {
                let silenceEnd = entry.transfer.silenceEnd
                if silenceEnd <= now {
                    end(handle, entry.transfer.result(CURLE_OPERATION_TIMEDOUT))
                } else {
                    next = min(next, silenceEnd)
                }
            }
            if entries.isEmpty, connections != nil {
                let idleEnd = lastEnd + .seconds(4)
                if idleEnd <= now { connections = nil } else { next = min(next, idleEnd) }
            }
            return now.duration(to: next)
        }

        private mutating func end(_ handle: UnsafeMutableRawPointer, _ outcome: Outcome) {
            guard let entry = entries.removeValue(forKey: handle) else { return }
            curl_multi_remove_handle(multi, handle)
            lastEnd = .now
            entry.continuation.resume(returning: outcome)
        }
    }
}

/// Sendable unchecked: others than the loop's thread use it for `curl_multi_wakeup` only, the one call that libcurl
/// allows from any thread.
private struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
}

/// Once a process, and before any other call: libcurl's own initialization is not safe among threads in every build.
private let globalInitialization = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

extension TransferFailure {
    static let cancelled = TransferFailure(kind: .cancelled, message: "the request was cancelled")
    static let closed = TransferFailure(kind: .cancelled, message: "the engine client was closed")
}

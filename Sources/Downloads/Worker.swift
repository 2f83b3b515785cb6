import Glibc
import Threads

/// A thread that does one piece of work after another: what would hold up the network.
///
/// Sendable unchecked: what changes is used under the lock alone, `thread` by the owner alone.
final class Worker: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [@Sendable () -> Void] = []
    private var isEnding = false
    private var isBusy = false
    /// Nil where the system refused a thread: then the work is done at once by whoever posts it.
    private var thread: pthread_t?

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(condition, nil)
        thread = PlainThread.start { self.run() }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(lock)
        condition.deallocate()
        lock.deallocate()
    }

    func post(_ work: @escaping @Sendable () -> Void) {
        guard thread != nil else { return work() }
        pthread_mutex_lock(lock)
        queue.append(work)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(lock)
    }

    /// Returns when all that was posted is done.
    func drain() {
        guard thread != nil else { return }
        pthread_mutex_lock(lock)
        while !queue.isEmpty || isBusy { pthread_cond_wait(condition, lock) }
        pthread_mutex_unlock(lock)
    }

    /// Ends the thread. Returns when all that was posted is done, or left undone but for the piece under way. Nothing may be posted after.
    func end(leavingRest: Bool = false) {
        guard let thread else { return }
        pthread_mutex_lock(lock)
        isEnding = true
        if leavingRest { queue = [] }
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(lock)
        pthread_join(thread, nil)
        self.thread = nil
    }

    private func run() {
        while true {
            pthread_mutex_lock(lock)
            isBusy = false
            pthread_cond_broadcast(condition)
            while queue.isEmpty, !isEnding { pthread_cond_wait(condition, lock) }
            let work = queue.isEmpty ? nil : queue.removeFirst()
            isBusy = work != nil
            pthread_mutex_unlock(lock)
            guard let work else { return }
            work()
        }
    }
}

import Glibc
import Synchronization

/// Runs what blocks on a thread of its own, so that whoever hangs has a thread and nobody else's.
enum BlockingTransfer {
    /// - Parameter body: is given a question that it asks again and again: whether to end at once, since the task was
    ///   cancelled.
    static func run<Failure: Error>(
        _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws(Failure) -> Void
    ) async throws(Failure) {
        let mark = Mark()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, Failure>, Never>) in
                startThread {
                    continuation.resume(returning: Result { () throws(Failure) in try body { mark.isSet } })
                }
            }
        } onCancel: {
            mark.set()
        }
        try result.get()
    }

    private final class Mark: Sendable {
        private let value = Atomic(false)

        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard code != 0 else {
            pthread_detach(thread)
            return
        }
        // The system has no thread to give: whoever asked waits, which is better than never being answered.
        context.release()
        body()
    }
}

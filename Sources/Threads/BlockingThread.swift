import Synchronization

/// Runs what blocks on a thread of its own, so that whoever hangs has a thread and nobody else's.
package enum BlockingThread {
    /// Returns when the work does, whatever becomes of the task: cancelling it only answers the work's question.
    ///
    /// - Parameters:
    ///   - refused: thrown where the system has no thread to give. The tasks' own threads are no way out: a few that block
    ///     there hold up everybody.
    ///   - work: is given a question that it asks again and again: whether to end at once, since the task was cancelled.
    package static func run<Value: Sendable, Failure: Error>(
        refused: Failure,
        _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let mark = Mark()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Failure>, Never>) in
                let isBegun = PlainThread.startDetached {
                    continuation.resume(returning: Result { () throws(Failure) in try work { mark.isSet } })
                }
                if !isBegun { continuation.resume(returning: .failure(refused)) }
            }
        } onCancel: {
            mark.set()
        }
        return try result.get()
    }

    private final class Mark: Sendable {
        private let value = Atomic(false)

        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }
}

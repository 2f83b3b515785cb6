import Synchronization

/// Between a recogniser at work and whoever waits for it: one can end the work, the other tells that it goes on.
final class RecognitionMonitor: Sendable {
    private let cancelled = Atomic(false)
    private let onProgress: @Sendable () -> Void

    /// - Parameter onProgress: called on the recogniser's thread when it has begun, and with each line that it has read.
    init(onProgress: @escaping @Sendable () -> Void = {}) {
        self.onProgress = onProgress
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func cancel() {
        cancelled.store(true, ordering: .relaxed)
    }

    func moved() {
        onProgress()
    }
}

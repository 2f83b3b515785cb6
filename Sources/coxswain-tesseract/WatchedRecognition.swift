import TesseractEngine

/// A page that is being read, with signs of its progress.
struct WatchedRecognition: Sendable {
    /// One element or more once the work has begun, then one for lines that were read; ends with the work. Never more than
    /// one waits to be taken.
    private let progress: AsyncStream<Void>
    private let work: Task<Result<RecogniserPool.Answer, ProblemReport>, Never>

    init(_ image: [UInt8], by pool: RecogniserPool) {
        let (progress, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.progress = progress
        work = Task {
            defer { continuation.finish() }
            do throws(ProblemReport) {
                return .success(try await pool.recognise(image) { continuation.yield() })
            } catch {
                return .failure(error)
            }
        }
    }

    /// Waits for a recogniser to begin. A cancelled task gives the work up.
    ///
    /// - Throws: why it cannot begin.
    func begin() async throws(ProblemReport) {
        let began = await withTaskCancellationHandler {
            var iterator = progress.makeAsyncIterator()
            return await iterator.next() != nil
        } onCancel: {
            work.cancel()
        }
        if !began { _ = try await work.value.get() }
    }

    /// Waits for the end.
    ///
    /// - Parameter onProgress: called now and then while the work goes on, and never when it does not.
    /// - Throws: what `onProgress` throws; the work is given up then.
    func result(
        every interval: Duration, onProgress: () async throws -> Void
    ) async throws -> Result<RecogniserPool.Answer, ProblemReport> {
        // Of no effect on work that has ended.
        defer { work.cancel() }
        var last = ContinuousClock.now
        for await _ in progress where last.duration(to: .now) >= interval {
            try await onProgress()
            last = .now
        }
        try Task.checkCancellation()
        return await work.value
    }
}

import Downloads
import Models
import Synchronization

/// Counts the bytes of one model's fetch, and tells everybody who wants to know.
final class FetchTally: Sendable {
    private struct State {
        var meter = ProgressMeter()
        var last: FetchProgress
        var fetched: Int64 = 0
    }

    private let state: Mutex<State>
    private let base: Int64
    private let lease: ModelLease
    private let report: @Sendable (Preloader.Event) -> Void

    /// - Parameters:
    ///   - base: bytes that lay there.
    ///   - total: nil where nobody knows yet.
    init(fetch: ModelFetch, base: Int64, total: Int64?) {
        self.base = base
        lease = fetch.lease
        report = fetch.preloader.report
        state = Mutex(
            State(
                last: FetchProgress(
                    model: fetch.manifest.name, phase: .asking, bytesDone: base, bytesTotal: total)))
    }

    /// Bytes that were fetched in this run.
    var fetched: Int64 { state.withLock { $0.fetched } }

    func note(_ progress: DownloadProgress, _ phase: FetchProgress.Phase) {
        note(
            phase, done: progress.bytesDone, fetched: progress.bytesFetched, total: progress.bytesTotal,
            pause: progress.pause.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 })
    }

    func note(_ phase: FetchProgress.Phase, done: Int64) {
        note(phase, done: done, fetched: done, total: nil, pause: nil)
    }

    private func note(_ phase: FetchProgress.Phase, done: Int64, fetched: Int64, total: Int64?, pause: Double?) {
        let now = MonotonicClock.now()
        let progress = state.withLock { state in
            state.fetched = fetched
            state.meter.note(bytes: fetched, at: now)
            state.last.phase = phase
            state.last.bytesDone = base + done
            if let total { state.last.bytesTotal = base + total }
            state.last.rate = state.meter.rate
            state.last.pause = pause
            state.last.secondsLeft = state.last.bytesTotal.flatMap { state.meter.secondsLeft($0 - base - done) }
            return state.last
        }
        lease.renew(
            LeaseNote(bytesDone: progress.bytesDone, bytesTotal: progress.bytesTotal, file: phase.rawValue))
        report(.progress(progress))
    }

    /// The last that was said, in another phase.
    func progress(_ phase: FetchProgress.Phase) -> FetchProgress {
        state.withLock { state in
            state.last.phase = phase
            state.last.rate = nil
            state.last.secondsLeft = nil
            state.last.pause = nil
            return state.last
        }
    }
}

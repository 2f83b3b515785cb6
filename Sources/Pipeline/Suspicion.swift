import Synchronization

/// Whether a page is what kills the engine.
///
/// When the engine crashes, each page that was at it may be the cause. From then on the page is asked alone, and if the
/// engine crashes once more while nothing else was at it, there is no doubt left.
package final class Suspicion: Sendable {
    private struct State {
        var count: Int
        /// The last crash that was counted: several pictures of a page see the same one.
        var last: Int?
        var isConfirmed = false
    }

    private let state: Mutex<State>
    private let remember: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - crashes: those that the page was at already, in another life of this process.
    ///   - remember: writes down their number.
    package init(crashes: Int = 0, remember: @escaping @Sendable (Int) async -> Void = { _ in }) {
        state = Mutex(State(count: crashes))
        self.remember = remember
    }

    package var isSuspected: Bool { state.withLock { $0.count > 0 } }

    /// The page was at the engine when that crashed.
    ///
    /// - Parameter crash: its number.
    /// - Returns: true when the page did it.
    package func confirm(crash: Int, wasAlone: Bool) async -> Bool {
        let (isConfirmed, count) = state.withLock { state in
            if state.last != crash {
                state.last = crash
                state.count += 1
            }
            if wasAlone, state.count >= 2 { state.isConfirmed = true }
            return (state.isConfirmed, state.count)
        }
        // Before the page is sent again: whoever comes after us must know.
        await remember(count)
        return isConfirmed
    }
}

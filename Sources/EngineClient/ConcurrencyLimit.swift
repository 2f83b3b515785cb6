import Synchronization

/// Sets the number of places by what is seen of the engine, and looks at its queue while requests are there.
final class ConcurrencyLimit: Sendable {
    private struct State: Sendable {
        var controller: ConcurrencyController
        /// The looking on, while there is any.
        var watch: Task<Void, Never>?
        /// Answers without a queue, in a row.
        var misses = 0
        /// This engine has no queue to be seen; it is not asked again.
        var isHidden = false
        var observer: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>
    private let turnstile: Turnstile
    private let look: @Sendable () async -> Sighting

    enum Sighting: Sendable {
        case queue(EngineQueue)
        /// An answer that has no queue in it.
        case none
        /// No such thing is offered there.
        case never
        /// No answer, which says nothing.
        case unknown
    }

    /// - Parameter look: asks the engine for its queue; it ends soon, whatever the engine does.
    init(ceiling: Int, turnstile: Turnstile, look: @escaping @Sendable () async -> Sighting) {
        state = Mutex(State(controller: ConcurrencyController(ceiling: ceiling)))
        self.turnstile = turnstile
        self.look = look
        turnstile.set(places: places)
    }

    var places: Int { state.withLock { $0.controller.places } }

    /// - Parameter body: called whenever the number of places has changed, from any thread; it must not block.
    func observe(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.observer = body }
    }

    /// A request has gone in.
    func entered() {
        state.withLock { state in
            // A single request waits for nobody.
            guard state.watch == nil, !state.isHidden, state.controller.ceiling > 1, turnstile.reading.inside > 1
            else { return }
            state.watch = Task { await self.watch() }
        }
    }

    /// A request has come out.
    func left() {
        state.withLock { state in
            guard turnstile.reading.inside == 0 else { return }
            state.watch?.cancel()
            state.watch = nil
        }
    }

    func answered() {
        let isFull = turnstile.reading.isFull
        update { $0.controller.seeAnswer(isFull: isFull, at: .now) }
    }

    func refused() {
        update { $0.controller.seeRefusal(at: .now) }
    }

    /// The gate has opened again: who is behind it may be another.
    func restart() {
        update { state in
            state.controller.restart()
            state.misses = 0
            state.isHidden = false
            state.watch?.cancel()
            state.watch = nil
        }
    }

    private func watch() async {
        while true {
            let pause = state.withLock { $0.controller.pause(at: .now) }
            do { try await Task.sleep(for: pause) } catch { return }
            let sighting = await look()
            // The last word on whether this watch is still wanted: whoever cancels it does so under the lock.
            guard take(sighting) else { return }
        }
    }

    /// - Returns: whether to look again.
    private func take(_ sighting: Sighting) -> Bool {
        let reading = turnstile.reading
        return update { state in
            guard !Task.isCancelled else { return false }
            switch sighting {
            case .queue(let queue):
                state.misses = 0
                state.controller.see(queue, inside: reading.inside, isFull: reading.isFull, at: .now)
            case .unknown: break
            case .never: state.isHidden = true
            case .none:
                // Some engines list a gauge only once it has had a value.
                state.misses += 1
                state.isHidden = state.misses >= 3
            }
            guard state.isHidden else { return true }
            state.controller.seeNoQueue(at: .now)
            state.watch = nil
            return false
        }
    }

    @discardableResult
    private func update<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, observer) = state.withLock { state in
            let before = state.controller.places
            let result = body(&state)
            let after = state.controller.places
            guard after != before else { return (result, nil as (@Sendable () -> Void)?) }
            // Under the lock, or of two changes the earlier could have the last word.
            turnstile.set(places: after)
            return (result, state.observer)
        }
        observer?()
        return result
    }
}

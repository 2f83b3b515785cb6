import Glibc
import Logging
import Notify
import Preload
import Synchronization

/// Tells how far it is: a bar where a person watches, else a log line every five seconds; and PID 1 once a second.
final class ProgressTeller: Sendable {
    private struct State {
        var toldAt = -1e9
        var notifiedAt = -1e9
        var notified: FetchProgress?
        /// Bytes of models that this run has fetched.
        var finished: Int64 = 0
        /// Bytes of models that come later, as far as they are known, by name.
        var ahead: [String: Int64] = [:]
    }

    private static let logPeriod = 5.0
    private static let notifyPeriod = 1.0
    private static let drawPeriod = 0.1

    private let voice: Voice
    private let state = Mutex(State())

    init(voice: Voice, ahead: [String: Int64]) {
        self.voice = voice
        state.withLock { $0.ahead = ahead }
    }

    /// A model is there.
    func finish(_ model: String, bytes: Int64) {
        state.withLock { state in
            state.ahead[model] = nil
            state.finished += bytes
            state.toldAt = -1e9
        }
        voice.clear()
    }

    func note(_ progress: FetchProgress) {
        let now = MonotonicClock.now()
        let period = voice.isTerminal ? Self.drawPeriod : Self.logPeriod
        let (tells, whole, changes) = state.withLock { state in
            state.ahead[progress.model] = nil
            let tells = now - state.toldAt >= period
            if tells { state.toldAt = now }
            let moves =
                state.notified?.bytesDone != progress.bytesDone || state.notified?.phase != progress.phase
                || state.notified?.pause != progress.pause
            let changes = moves && now - state.notifiedAt >= Self.notifyPeriod
            if changes {
                state.notifiedAt = now
                state.notified = progress
            }
            return (tells, Self.fraction(progress, state), changes)
        }
        if tells {
            if voice.isTerminal {
                voice.draw(Self.bar(progress, columns: Voice.columns()))
            } else if progress.phase != .asking {
                voice.say(.info, progress.text, ["bytes": .stringConvertible(Int(progress.bytesDone))])
            }
        }
        if changes { Notify.send(Self.datagram(progress, whole: whole)) }
    }

    /// Of all models of this run together.
    private static func fraction(_ progress: FetchProgress, _ state: State) -> Double? {
        guard let total = progress.bytesTotal, total > 0 else { return nil }
        let all = state.finished + total + state.ahead.values.reduce(0, +)
        return min(1, Double(state.finished + progress.bytesDone) / Double(all))
    }

    static func datagram(_ progress: FetchProgress, whole: Double?) -> String {
        var fields = ["STATUS=\(Voice.status(progress.text))"]
        if let pause = progress.pause {
            // It was asked to wait: nothing moves, and nothing is wrong.
            fields.append("EXTEND_TIMEOUT_USEC=\(Int64((pause + 30) * 1e6))")
        } else if let whole {
            let parts = Int((whole * 10_000).rounded())
            let digits = String(parts % 10_000)
            fields.append(
                "X_PROGRESS=\(parts / 10_000).\(String(repeating: "0", count: 4 - digits.count))\(digits)")
            if let left = progress.secondsLeft { fields.append("X_PROGRESS_LEFT_USEC=\(Int64(min(left, 1e9) * 1e6))") }
            fields.append("X_PROGRESS_PHASE=\(progress.phase.rawValue)")
        } else {
            // Bytes of an unknown sum are progress too.
            fields.append("EXTEND_TIMEOUT_USEC=120000000")
        }
        return fields.joined(separator: "\n")
    }

    /// For example `PaddleOCR-VL-1.5-0.9B [###-------] 412 MiB of 1.9 GiB (21 %), …`; cut to what the terminal shows in one
    /// line.
    static func bar(_ progress: FetchProgress, columns: Int) -> String {
        let isMoving = progress.phase == .downloading || progress.phase == .unpacking || progress.phase == .copying
        guard isMoving, let fraction = progress.fraction else {
            return String(progress.text.prefix(max(10, columns - 1)))
        }
        let amounts = progress.amounts
        let width = max(4, min(32, columns - progress.model.count - amounts.count - 6))
        let full = Int(fraction * Double(width))
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
        return String("\(progress.model) [\(bar)] \(amounts)".prefix(max(10, columns - 1)))
    }
}

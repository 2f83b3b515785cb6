/// How long each part of a lease's life takes. Durations are of each one's own monotonic clock, and only compared with
/// others of the same clock.
package struct LeaseTerms: Sendable, Equatable {
    /// Between two renewals of a holder.
    package var renewal: Duration = .seconds(2)
    /// How long a holder believes that it is one, after the beginning of its last look that said so.
    package var belief: Duration = .seconds(8)
    /// How long nothing must have changed for an observer to take the holder for dead.
    package var silence: Duration = .seconds(20)
    /// Between taking over and believing it. More than `belief`: whoever was wrongly taken for dead has noticed by then.
    package var settling: Duration = .seconds(10)
    /// What two looks that lie further apart count for: an observer that was paused itself has seen nothing meanwhile.
    package var longestLook: Duration = .seconds(5)

    package init() {}
}

/// One who wants a lease, or has it: what it does after each look at the lease's file. Pure: no clock, no file.
///
/// The file is a register that all can read, make if it is not there, and replace as a whole. Each owner writes only into
/// its own file, and nobody ever removes one, so an owner that was paused for an hour can write what it likes and changes
/// nothing of its successor's.
///
/// What it promises, as long as a replaced file is seen by whoever looks afterwards: two never believe at the same time. A
/// successor T replaces the file at a time r and believes from r + `settling` on. Its predecessor's last look that showed
/// its own file began before r, and it believes for `belief` after that, which ends before T begins.
///
/// What it cannot promise: that a holder does nothing between its last `isHeld` and its being paused, or when its clock stood
/// still while others' went on (a virtual machine that was paused from outside), or on a file system that shows old
/// content for seconds (NFS shows a look that opens the file anew what is there; others may not), or when somebody removes
/// the file by hand. What happens then
/// is harmless: two write the same bytes of the same commit into the same staging folder; every file is checked against
/// its hash and renamed when it is whole; the folder appears by one rename of one of them, and a file that was written to
/// after that has another time than its stamp says, and is hashed again.
package struct LeaseMachine: Sendable, Equatable {
    /// What a look at the file showed.
    package enum Sighting: Sendable, Equatable {
        case nothing
        /// What we wrote ourselves, whatever its sequence.
        case own
        /// Somebody else's, byte for byte.
        case other([UInt8])
        /// Its owner has said that it is done.
        case released([UInt8])
        /// The system could not tell.
        case unclear
    }

    package enum Action: Sendable, Equatable {
        /// Look again after a while.
        case wait
        /// Make the file, unless somebody else has.
        case create
        /// Put one's own file in the place of the one that was seen.
        case replace
        /// Write the next sequence into one's own file.
        case renew
        /// Stop: it is somebody else's.
        case stop
    }

    package enum State: Sendable, Equatable {
        case watching(content: [UInt8]?, still: Duration, lastLook: Duration)
        case settling(until: Duration)
        /// Until when it believes.
        case holding(until: Duration)
        case lost
    }

    package private(set) var state = State.watching(content: nil, still: .zero, lastLook: .zero)
    package let terms: LeaseTerms

    package init(_ terms: LeaseTerms = LeaseTerms()) { self.terms = terms }

    /// Whether it may write, now.
    package func believes(at now: Duration) -> Bool {
        if case .holding(let until) = state { now < until } else { false }
    }

    /// - Parameter now: before the look began.
    package mutating func looked(_ sighting: Sighting, at now: Duration) -> Action {
        switch (state, sighting) {
        case (.lost, _): return .stop
        case (.watching(let content, _, _), .unclear):
            // Silence is what was seen, not what could not be.
            state = .watching(content: content, still: .zero, lastLook: now)
            return .wait
        case (.watching, .nothing): return .create
        case (.watching, .released): return .replace
        case (.watching, .own):
            // Replaced, and the answer was lost: as after any replacement.
            replaced(at: now)
            return .wait
        case (.watching(let before, let still, let lastLook), .other(let content)):
            guard before == content else {
                state = .watching(content: content, still: .zero, lastLook: now)
                return .wait
            }
            let total = still + min(now - lastLook, terms.longestLook)
            state = .watching(content: content, still: total, lastLook: now)
            return total >= terms.silence ? .replace : .wait

        case (.settling(let until), .own):
            guard now >= until else { return .wait }
            state = .holding(until: now + terms.belief)
            return .renew
        case (.settling, .unclear): return .wait
        case (.settling, _):
            // Another one replaced it after us.
            watch(sighting, at: now)
            return .wait

        case (.holding, .own):
            state = .holding(until: now + terms.belief)
            return .renew
        case (.holding, .unclear): return .wait
        case (.holding, _):
            state = .lost
            return .stop
        }
    }

    /// The outcome of `.create`. Nobody believes while there is no file, since we never remove one: so it holds at once.
    ///
    /// - Parameter now: before the attempt.
    package mutating func created(_ success: Bool, at now: Duration) {
        state = success ? .holding(until: now + terms.belief) : .watching(content: nil, still: .zero, lastLook: now)
    }

    /// After `.replace`.
    ///
    /// - Parameter now: after it.
    package mutating func replaced(at now: Duration) { state = .settling(until: now + terms.settling) }

    /// After `.replace` of a file whose owner was proved to be gone, for which see ``LeaseFile``. It holds at once, unless it
    /// took so long that somebody who has waited for the end of silence may believe already.
    ///
    /// - Parameter begin: before the proof.
    package mutating func inherited(since begin: Duration, at now: Duration) {
        if now - begin < terms.settling / 2 {
            state = .holding(until: begin + terms.belief)
        } else {
            replaced(at: now)
        }
    }

    /// `.replace` failed: somebody was faster, or the system refused.
    package mutating func notReplaced(at now: Duration) {
        state = .watching(content: nil, still: .zero, lastLook: now)
    }

    private mutating func watch(_ sighting: Sighting, at now: Duration) {
        if case .other(let content) = sighting {
            state = .watching(content: content, still: .zero, lastLook: now)
        } else {
            state = .watching(content: nil, still: .zero, lastLook: now)
        }
    }
}

import Models
import Testing

/// Traces of one who wants a lease or has it, with the standard terms: renewed every 2 s, believed for 8 s, dead after 20 s of
/// silence, settled for 10 s.
@Suite struct LeaseMachineTests {
    private var machine = LeaseMachine()

    private mutating func look(_ sighting: LeaseMachine.Sighting, _ seconds: Double) -> LeaseMachine.Action {
        machine.looked(sighting, at: .seconds(seconds))
    }

    private func believes(_ seconds: Double) -> Bool { machine.believes(at: .seconds(seconds)) }

    @Test mutating func firstOneMakesIt() {
        #expect(look(.nothing, 100) == .create)
        machine.created(true, at: .seconds(100))
        #expect(believes(107.9) && !believes(108))
        #expect(look(.own, 102) == .renew)
        #expect(believes(109.9) && !believes(110))
    }

    @Test mutating func secondOneWaits() {
        #expect(look(.nothing, 100) == .create)
        machine.created(false, at: .seconds(100))
        #expect(!believes(100))
        for second in 0..<100 { #expect(look(.other([UInt8(second)]), 101 + Double(second)) == .wait) }
    }

    @Test mutating func silenceOfTwentySecondsIsDeath() {
        for second in 0..<20 { #expect(look(.other([1]), Double(second)) == .wait) }
        #expect(look(.other([1]), 20) == .replace)
        machine.replaced(at: .seconds(20.5))
        #expect(!believes(20.5))
        for second in 21...30 { #expect(look(.own, Double(second)) == .wait) }
        #expect(look(.own, 30.5) == .renew)
        #expect(believes(30.5) && believes(38.4) && !believes(38.5))
    }

    @Test mutating func oneRenewalBeginsTheSilenceAnew() {
        for second in 0..<20 { _ = look(.other([1]), Double(second)) }
        #expect(look(.other([2]), 20) == .wait)
        for second in 21..<40 { #expect(look(.other([2]), Double(second)) == .wait) }
        #expect(look(.other([2]), 40) == .replace)
    }

    /// It was paused itself, perhaps with the other one.
    @Test mutating func timeWithoutLooksIsNoSilence() {
        #expect(look(.other([1]), 0) == .wait)
        #expect(look(.other([1]), 3600) == .wait)
        #expect(look(.other([1]), 3605) == .wait)
        #expect(look(.other([1]), 3610) == .wait)
        #expect(look(.other([1]), 3615) == .replace)
    }

    @Test mutating func whatCannotBeReadIsNoSilence() {
        for second in 0..<19 { _ = look(.other([1]), Double(second)) }
        #expect(look(.unclear, 19) == .wait)
        #expect(look(.other([1]), 20) == .wait)
    }

    @Test mutating func releasedIsReplacedAtOnceAndSettledAllTheSame() {
        #expect(look(.released([1]), 0) == .replace)
        machine.replaced(at: .seconds(0))
        #expect(look(.own, 9.9) == .wait)
        #expect(look(.own, 10) == .renew)
    }

    @Test mutating func ofTwoWhoReplaceTheLastOneWins() {
        #expect(look(.released([1]), 0) == .replace)
        machine.replaced(at: .seconds(0))
        #expect(look(.other([2]), 5) == .wait)
        #expect(look(.other([2]), 10) == .wait)
        #expect(!believes(10))
        // And it is the first's turn again when the winner dies.
        for second in [15.0, 20] { #expect(look(.other([2]), second) == .wait) }
        #expect(look(.other([2]), 25) == .replace)
    }

    @Test mutating func holderThatWasPausedStops() {
        machine.created(true, at: .zero)
        #expect(!believes(60))
        #expect(look(.other([2]), 60) == .stop)
        #expect(!believes(60) && machine.state == .lost)
        // For good.
        #expect(look(.own, 61) == .stop)
        #expect(!believes(61))
    }

    @Test mutating func holderThatWasPausedAndNotMissedGoesOn() {
        machine.created(true, at: .zero)
        #expect(!believes(15))
        #expect(look(.own, 15) == .renew)
        #expect(believes(15))
    }

    @Test mutating func holderThatCannotReadItsFileDoubts() {
        machine.created(true, at: .zero)
        for second in stride(from: 2.0, to: 20, by: 2) {
            #expect(look(.unclear, second) == .wait)
            #expect(believes(second) == (second < 8))
        }
        #expect(look(.own, 20) == .renew)
        #expect(believes(20))
    }

    @Test mutating func fileRemovedByHand() {
        machine.created(true, at: .zero)
        #expect(look(.nothing, 2) == .stop)
    }

    @Test mutating func successorOfOneProvedDeadDoesNotWait() {
        _ = look(.other([1]), 0)
        machine.inherited(since: .seconds(1), at: .seconds(1.1))
        #expect(believes(1.1) && believes(8.9) && !believes(9))
    }

    @Test mutating func successorThatTookLongSettles() {
        machine.inherited(since: .seconds(1), at: .seconds(6))
        #expect(!believes(6))
        #expect(look(.own, 15.9) == .wait)
        #expect(look(.own, 16) == .renew)
    }
}

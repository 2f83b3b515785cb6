import Pipeline
import Synchronization
import Testing

@Suite struct SuspicionTests {
    @Test func thatItWasThereProvesNothing() async {
        let suspicion = Suspicion()
        #expect(!suspicion.isSuspected)
        #expect(await !suspicion.confirm(crash: 1, wasAlone: false))
        #expect(suspicion.isSuspected)
        #expect(await !suspicion.confirm(crash: 2, wasAlone: false))
    }

    @Test func theSecondTimeAloneIsProof() async {
        let suspicion = Suspicion()
        #expect(await !suspicion.confirm(crash: 1, wasAlone: false))
        #expect(await suspicion.confirm(crash: 2, wasAlone: true))
    }

    @Test func severalPicturesSeeOneCrash() async {
        let suspicion = Suspicion()
        #expect(await !suspicion.confirm(crash: 1, wasAlone: false))
        #expect(await !suspicion.confirm(crash: 1, wasAlone: true))
        #expect(await suspicion.confirm(crash: 2, wasAlone: true))
    }

    @Test func itIsRememberedFromAnEarlierLife() async {
        let written = Mutex<[Int]>([])
        let suspicion = Suspicion(crashes: 1) { count in written.withLock { $0.append(count) } }
        #expect(suspicion.isSuspected)
        #expect(await suspicion.confirm(crash: 7, wasAlone: true))
        #expect(written.withLock { $0 } == [2])
    }
}

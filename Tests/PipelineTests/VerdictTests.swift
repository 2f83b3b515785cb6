import Document
import Jobs
import Pipeline
import Testing

@Suite struct VerdictTests {
    private func trouble(_ number: Int, _ outcome: Page.Outcome = .failed) -> PageTrouble {
        PageTrouble(number: number, outcome: outcome, reason: "why \(number)")
    }

    @Test func allIsWell() {
        let verdict = Verdict(pages: 3, [])
        #expect(verdict.status == .success)
        #expect(verdict.detail == nil)
    }

    @Test func somePagesFailed() {
        let verdict = Verdict(pages: 3, [trouble(2), trouble(3, .degraded)])
        #expect(verdict.status == .partial)
        #expect(verdict.detail == "1 of 3 pages could not be read: 2.")
    }

    @Test func somePagesAreDoubtful() {
        let verdict = Verdict(pages: 30, (1...25).map { trouble($0, .degraded) })
        #expect(verdict.status == .partial)
        #expect(verdict.detail?.hasSuffix("18, 19, 20 ….") == true)
    }

    @Test func noPageWasRead() {
        let verdict = Verdict(pages: 2, [trouble(1), trouble(2)])
        #expect(verdict.status == .failed)
        #expect(verdict.detail == "No page could be read: why 1.")
        #expect(Verdict(pages: 0, []).status == .failed)
    }
}

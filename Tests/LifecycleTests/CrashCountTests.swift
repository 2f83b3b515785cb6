import Lifecycle
import Testing

/// Ends of a service that its work may have caused, which tell a page that kills the engine from one that was there.
@Suite struct CrashCountTests {
    /// How often its work is suspected after its engine, ready, ended like this.
    private func crashes(_ exit: Exit, _ evidence: Evidence = Evidence()) -> Int {
        var life = Life.container()
        life.reachReady()
        guard let engine = life.instance("engine") else { return -1 }
        _ = life.happens(.exited(engine, exit))
        _ = life.happens(.gone(engine, evidence))
        return life.machine.services[engine.service].crashes
    }

    @Test(arguments: [Exit.code(1), .code(0), .signal(11), .signal(6)])
    func anEndOfItsOwnCounts(exit: Exit) {
        #expect(crashes(exit) == 1)
    }

    @Test func aKillFromOutsideDoesNot() {
        #expect(crashes(.signal(9)) == 0)
        #expect(crashes(.unseen) == 0)
    }

    @Test func theKernelsKillForWantOfMemoryDoes() {
        #expect(crashes(.signal(9), Evidence(outOfMemoryKills: 1)) == 1)
    }

    @Test func anEndBeforeItWasReadyDoesNot() {
        var life = Life.container()
        _ = life.happens(.begin)
        #expect(life.state("engine") == "starting")
        _ = life.dies("engine", .signal(11))
        #expect(life.machine.services[0].crashes == 0)
    }

    @Test func aRestartThatSomebodyAskedForDoesNot() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.command(.restart, service: 0))
        #expect(life.state("engine") == "stopping")
        _ = life.dies("engine", .signal(11))
        #expect(life.machine.services[0].crashes == 0)
    }
}

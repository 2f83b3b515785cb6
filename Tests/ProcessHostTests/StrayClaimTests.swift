import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct StrayClaimTests {
    private let instance = StrayClaim.Instance(mark: "1-2-a", shim: 50, main: 51, startTick: 1000)

    private func stray(
        _ pid: ProcessID, below parent: ProcessID = 1, group: ProcessID? = nil, session: ProcessID? = nil,
        from tick: UInt64 = 1001, mark: String? = nil
    ) -> Stray {
        Stray(
            ProcessTree.Entry(
                pid: pid, parent: parent, group: group ?? pid, session: session ?? pid, startTick: tick), mark: mark)
    }

    private func claim(
        _ strays: [Stray], members: Set<ProcessID> = [], others: Set<String> = []
    ) -> StrayClaim { StrayClaim(strays, of: instance, members: members, others: others) }

    @Test func eachPropertyProvesThatItIsTheInstances() {
        let strays = [
            stray(60, mark: "1-2-a"), stray(61, session: 51), stray(62, group: 51), stray(63, session: 50), stray(64),
        ]
        let claim = claim(strays, members: [64])
        #expect(claim.claimed == [60, 61, 62, 63, 64])
        #expect(claim.unclaimed == [])
    }

    @Test func whatHangsBelowAClaimedOneIsClaimed() {
        let claim = claim([stray(72, below: 71), stray(71, below: 70), stray(70, mark: "1-2-a"), stray(73)])
        #expect(claim.claimed == [72, 71, 70])
        #expect(claim.unclaimed == [73])
    }

    @Test func whatIsOlderIsSomebodyElses() {
        // An orphan of `docker exec`, with a child that it has started since.
        let claim = claim([stray(40, from: 999), stray(80, below: 40), stray(81, below: 80)])
        #expect(claim.isEmpty)
    }

    @Test func aNumberUsedAgainProvesNothing() {
        #expect(claim([stray(40, session: 51, from: 999, mark: "1-2-a")], members: [40]).isEmpty)
    }

    @Test func whatStartedInTheSameTickMayBeTheInstances() {
        #expect(claim([stray(60, from: 1000)]).unclaimed == [60])
    }

    @Test func anotherInstancesIsLeftToIt() {
        let strays = [stray(90, mark: "1-3-a"), stray(91, below: 90)]
        #expect(claim(strays, others: ["1-3-a"]).isEmpty)
        // A mark that nobody here has given proves nothing: a supervisor inside of the service.
        #expect(claim(strays).unclaimed == [90, 91])
    }

    @Test func itsOwnProofOutweighsItsParent() {
        let claim = claim([stray(40, from: 999), stray(60, below: 40, mark: "1-2-a")])
        #expect(claim.claimed == [60])
    }

    @Test func aCircleIsNoTrap() {
        // Numbers that were used again while /proc was read.
        let claim = claim([stray(60, below: 61), stray(61, below: 60), stray(62, below: 62)])
        #expect(claim.unclaimed == [60, 61, 62])
    }

    @Test func nobodyIsNoClaim() { #expect(claim([]).isEmpty) }

    @Test(
        arguments: [
            ("12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", 12),
            ("12 (a b) (c)) R) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", 12),
            ("12 () Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", 12),
            ("12 (short) S 1 2 3", nil), ("", nil), (")(", nil), ("x (a) S 1 2 3", nil), ("12", nil),
        ] as [(String, ProcessID?)])
    func readsProcStat(text: String, pid: ProcessID?) {
        let entry = ProcessTree.Entry(stat: text)
        #expect(entry?.pid == pid)
        if let entry {
            #expect((entry.parent, entry.group, entry.session, entry.startTick) == (1, 2, 3, 19))
        }
    }

    @Test func thisProcessIsInItsOwnTree() throws {
        let own = try #require(ProcessTree.entry(of: getpid()))
        #expect(own.parent == getppid() && own.group == getpgrp() && own.session == getsid(0))
        #expect(own.startTick <= ProcessTree.tick(at: EventLoop.now()))
        #expect(ProcessTree.all().contains { $0.pid == getpid() })
        #expect(ProcessTree.isBelow(getpid(), getppid()) || getppid() == 0)
        #expect(!ProcessTree.isBelow(getppid(), getpid()))
    }
}

/// A shim is killed, and what it held lands on us.
@Suite(.serialized, .timeLimit(.minutes(2))) struct KilledShimTests {
    @Test func whatItHeldIsFoundAndToldApart() throws {
        try #require(ChildReaper.becomeSubreaper())
        let folder = try TestFolder()
        // Somebody else's orphan, from before: `docker exec` of something that went to the background.
        let parent = try Spawner.spawn(
            ["/bin/sh", "-c", "sleep 200 & echo $! > \(folder.path)/older"], environment: ["PATH": "/usr/bin:/bin"],
            descriptors: [])
        waitpid(parent, nil, 0)
        let older = try #require(Int32(folder.text("older")))
        // The kernel counts in hundredths of a second.
        let tick = ProcessTree.tick(at: EventLoop.now())
        #expect(eventually { ProcessTree.tick(at: EventLoop.now()) > tick })

        let host = try Host()
        try host.run(
            """
            echo $$ > \(folder.path)/main
            sleep 201 & echo $! > \(folder.path)/child
            setsid sh -c 'echo $$ > \(folder.path)/marked; sleep 202; exit' &
            (setsid env -i PATH=/usr/bin:/bin sh -c 'echo $$ > \(folder.path)/bare; sleep 203; exit' &)
            wait
            """
        ) { host, change in
            guard case .started = change, let shim = host.process?.shim else { return }
            let names = ["main", "child", "marked", "bare"]
            #expect(eventually { names.allSatisfy { Int32(folder.text($0)) != nil } })
            // Each shell's own child too.
            #expect(eventually { ProcessTree.all().filter { ProcessTree.isBelow($0.pid, shim) }.count == 7 })
            kill(shim, SIGKILL)
            waitpid(shim, nil, 0)
            host.process?.shimEnded()
        }
        #expect(host.changes.last == .shimLost)
        let instance = try #require(host.process?.instance)
        let claim = StrayClaim.read(of: instance, known: [], others: [])
        func pid(_ name: String) -> ProcessID { Int32(folder.text(name)) ?? -1 }
        #expect(Set(claim.claimed).isSuperset(of: [pid("main"), pid("child"), pid("marked")]))
        #expect(claim.claimed.count == 4)
        #expect(!claim.claimed.contains(older) && !claim.unclaimed.contains(older))
        // It cleared its environment and left its session, and its parent is gone.
        #expect(claim.unclaimed.contains(pid("bare")))
        #expect(claim.unclaimed.count == 2)

        for pid in claim.claimed + claim.unclaimed { kill(pid, SIGKILL) }
        #expect(
            eventually {
                for pid in claim.claimed + claim.unclaimed { waitpid(pid, nil, WNOHANG) }
                return StrayClaim.read(of: instance, known: [], others: []).isEmpty
            })
        #expect(kill(older, 0) == 0)
        kill(older, SIGKILL)
        waitpid(older, nil, 0)
    }

    @Test func knownChildrenAndWhatHangsBelowThemAreNoStrays() throws {
        let folder = try TestFolder()
        let helper = try Spawner.spawn(
            ["/bin/sh", "-c", "sleep 200 & echo $! > \(folder.path)/below; wait"],
            environment: ["PATH": "/usr/bin:/bin"], descriptors: [])
        #expect(eventually { Int32(folder.text("below")) != nil })
        let below = try #require(Int32(folder.text("below")))
        let all = Set(Stray.all(known: []).map(\.process.pid))
        #expect(all.isSuperset(of: [helper, below]))
        #expect(Set(Stray.all(known: [helper]).map(\.process.pid)).isDisjoint(with: [helper, below]))
        for pid in [helper, below] { kill(pid, SIGKILL) }
        waitpid(helper, nil, 0)
        waitpid(below, nil, 0)
    }
}

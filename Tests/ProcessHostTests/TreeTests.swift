import Foundation
import ProcessHost
import TestSupport
import Testing

/// Nothing of a service's tree survives it, whatever it does.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TreeTests {
    @Test func nothingSurvivesItsService() throws {
        let folder = try TestFolder()
        let host = try Host()
        // A double-forked, setsid'ed descendant with an empty environment that ignores every polite signal.
        try host.run(
            """
            (setsid env -i /bin/bash -c 'trap "" TERM INT HUP; echo $$ > \(folder.path)/pid; while :; do sleep 0.01; done' &) &
            while [ ! -s \(folder.path)/pid ]; do sleep 0.01; done
            exit 0
            """)
        let pid = try #require(Int32(folder.text("pid")))
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        #expect(try #require(host.killed) >= 1)
        #expect(host.exitStatus == 0)
    }

    @Test func aTreeThatForksAllTheTimeIsOvertaken() throws {
        let folder = try TestFolder()
        let host = try Host()
        try host.run(
            """
            bomb() { (sleep 0.001 & bomb) & }; for i in 1 2 3; do bomb; done
            sleep 0.2; touch \(folder.path)/burning; sleep 100
            """
        ) { host, change in
            guard case .started = change else { return }
            #expect(eventually { folder.names() == ["burning"] })
            host.process?.kill()
        }
        #expect(host.exitStatus == SIGKILL)
        #expect(try #require(host.killed) >= 1)
    }

    /// Each generation leaves its session and ends as soon as it has forked the next, so that every number is stale when it
    /// is read.
    @Test func aTreeThatRunsAwayIsOvertaken() throws {
        let folder = try TestFolder()
        try folder.write(
            "run.py",
            """
            import os, time
            # A shim that fails this test must not leave the machine with it for good.
            end = time.time() + 20
            for i in range(3):
                if os.fork() == 0:
                    while time.time() < end:
                        os.setsid() if os.getpid() != os.getsid(0) else None
                        if os.fork(): os._exit(0)
                    os._exit(0)
            open("\(folder.path)/running", "w")
            """)
        let host = try Host()
        try host.run("/usr/bin/python3 \(folder.path)/run.py; sleep 0.2; exit 0")
        #expect(folder.names().contains("running"))
        for _ in 0..<5 {
            let left = ProcessTable().entries.values.filter { $0.command.contains { $0.hasPrefix(folder.path) } }
            #expect(left.isEmpty)
        }
        #expect(host.exitStatus == 0)
        #expect(try #require(host.killed) >= 1)
    }

    @Test func aServiceAloneIsGoneAtOnce() throws {
        let host = try Host()
        try host.run("exit 0")
        #expect(
            host.changes.map { "\($0)".prefix { $0 != "(" } } == ["started", "exited", "gone"] as [Substring])
    }

    @Test func theShimHoldsNothingOfItsService() throws {
        let host = try Host()
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        try host.run(Host.launch("sleep 100"), sockets: [listener]) { host, change in
            guard case .started = change, let shim = host.process?.shim else { return }
            // Its socket to us and its signals.
            #expect(
                eventually { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(shim)/fd"))?.count == 2 })
            host.process?.kill()
        }
        #expect(host.killed == 0)
    }

    @Test func onlyWhatHadToBeKilledIsCounted() throws {
        let host = try Host()
        // An orphan that was killed before the end, and one that is killed by it.
        try host.run("(sleep 100 & kill -KILL $!); sleep 0.1; (setsid sleep 100 &); sleep 0.1; exit 0")
        #expect(host.killed == 1)
    }

    @Test func aStoppedShimIsAwokenToKill() throws {
        let host = try Host()
        try host.run("sleep 100") { host, change in
            guard case .started = change, let shim = host.process?.shim else { return }
            kill(shim, SIGSTOP)
            #expect(eventually { ProcessTable().entries[shim]?.state == "T" })
            host.process?.kill()
        }
        #expect(host.exitStatus == SIGKILL)
        #expect(host.killed == 0)
    }

    @Test func aStoppedServiceIsKilled() throws {
        let host = try Host()
        try host.run("sleep 100 & kill -STOP $! $$") { host, change in
            guard case .started(let pid) = change else { return }
            #expect(eventually { ProcessTable().entries[pid]?.state == "T" })
            host.process?.kill()
        }
        #expect(host.exitStatus == SIGKILL)
        #expect(host.killed == 1)
    }

    @Test func whatTheWholeTreeUsedIsTold() throws {
        let host = try Host()
        // An orphan burns 0.3 s and holds 64 MiB; the main process waits for its end, but it is not its child.
        try host.run(
            """
            ( /usr/bin/python3 -c 'import time; a = bytearray(64 << 20)
            while time.process_time() < 0.3: pass' & )
            until [ -z "$(cat /proc/$PPID/task/*/children | tr -d ' \\n' | sed "s/^$$\\$//")" ]; do sleep 0.05; done
            """)
        let tree = try #require(host.treeUsage), main = try #require(host.exitUsage)
        #expect(tree.processorTime >= .milliseconds(300))
        #expect(tree.processorTime >= main.processorTime)
        #expect(tree.peakKibibytes >= 64 << 10)
        #expect(main.peakKibibytes < 64 << 10)
        #expect(host.killed == 0)
    }

    @Test func descendantsPrintWhereTheyHang() throws {
        let folder = try TestFolder()
        try folder.write(
            "engine.py",
            """
            import os, subprocess, sys, time
            def hang_in_the_core():
                open(sys.argv[1], "w")
                time.sleep(100)
            def hang_in_the_server(): time.sleep(100)
            if len(sys.argv) > 1:
                os.setsid()
                hang_in_the_core()
            for name in ("one", "two"):
                subprocess.Popen([sys.executable, "-X", "faulthandler", __file__, "\(folder.path)/" + name])
            hang_in_the_server()
            """)
        let host = try Host()
        try host.run(
            Host.launch("exec /usr/bin/python3 -X faulthandler \(folder.path)/engine.py"), errors: "\(folder.path)/log"
        ) { host, change in
            guard case .started(let pid) = change else { return }
            #expect(eventually { Set(folder.names()).isSuperset(of: ["one", "two"]) })
            host.process?.signalDescendants(SIGABRT)
            #expect(
                eventually { folder.text("log").components(separatedBy: "in hang_in_the_core").count == 3 },
                "\(folder.text("log"))")
            // The main process had no signal.
            #expect(!folder.text("log").contains("hang_in_the_server"))
            #expect(ProcessTable().entries[pid] != nil)
            host.process?.signal(SIGABRT)
        }
        #expect(folder.text("log").contains("in hang_in_the_server"))
        #expect(host.exitStatus == SIGABRT)
    }

    @Test(.enabled(if: isRoot, "needs root, for a process that an unprivileged shim may not kill"))
    func whatCannotBeKilledIsTold() throws {
        let folder = try TestFolder()
        folder.openToAll()
        // A program with root's set-user-id bit that becomes root altogether; below it, one that may be killed.
        try FileManager.default.copyItem(atPath: "/usr/bin/setpriv", toPath: "\(folder.path)/become-root")
        chmod("\(folder.path)/become-root", 0o4755)
        try folder.write(
            "unkillable",
            """
            cd \(folder.path)
            setsid setpriv --reuid 65534 sleep 100 &
            echo $! > below
            echo $$ > pid
            exec sleep 100
            """)
        let host = try Host()
        try host.run(
            Host.launch(
                """
                \(folder.path)/become-root --reuid 0 --regid 0 --clear-groups sh \(folder.path)/unkillable &
                while [ ! -s \(folder.path)/pid ]; do sleep 0.01; done; sleep 0.3
                """), shim: try folder.unprivilegedShim()
        ) { host, change in
            guard case .stuck(let pid, _) = change else { return }
            #expect(Int32(folder.text("below")).flatMap { ProcessTable().entries[$0]?.state } == "Z")
            // It is ended once it was told; only then can the shim say that nothing is left.
            kill(pid, SIGTERM)
        }
        let stuck = try #require(host.stuck)
        #expect(stuck.pid == Int32(folder.text("pid")))
        #expect(stuck.state == "S (it may not be killed: Operation not permitted)")
        #expect(host.exitStatus == 0)
        #expect(host.killed == 1)
    }
}

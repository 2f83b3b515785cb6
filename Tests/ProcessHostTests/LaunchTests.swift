import Foundation
import ProcessHost
import TestSupport
import Testing

/// What a service finds itself with.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LaunchTests {
    @Test func nothingIsInheritedThatWasNotGiven() throws {
        let folder = try TestFolder()
        let host = try Host()
        let stray = open("/etc/passwd", O_RDONLY)  // on purpose without O_CLOEXEC
        defer { close(stray) }
        try host.run(
            """
            ls -l /proc/$$/fd > \(folder.path)/fds; env > \(folder.path)/env; cat /proc/self/status > \(folder.path)/status
            readlink /proc/$$/fd/0 > \(folder.path)/stdin; cut -d' ' -f5,6 /proc/$$/stat > \(folder.path)/session
            ls /proc/$$/fd | wc -l > \(folder.path)/count; echo $$ > \(folder.path)/pid
            """)
        #expect(!folder.text("fds").contains("/etc/passwd") && !folder.text("fds").contains("socket:"))
        // 0, 1, 2, and 255, which is bash's own.
        #expect(Int(folder.text("count")).map { $0 <= 4 } == true)
        #expect(folder.text("stdin") == "/dev/null")
        let pid = folder.text("pid")
        #expect(folder.text("session") == "\(pid) \(pid)")
        for set in ["SigPnd", "ShdPnd", "SigBlk", "SigIgn"] {
            #expect(folder.text("status").contains("\(set):\t0000000000000000"))
        }
        let names = folder.text("env").split(separator: "\n").map { $0.prefix { $0 != "=" } }
        #expect(Set(names) == ["PATH", "PWD", "SHLVL", "_", "COXSWAIN_INSTANCE"])
    }

    @Test func aSocketIsDescriptor3() throws {
        let folder = try TestFolder()
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var launch = Host.launch(
            "readlink /proc/$$/fd/3 > \(folder.path)/three; echo $LISTEN_PID $$ > \(folder.path)/pids")
        launch.environment["LISTEN_FDS"] = "1"
        try Host().run(launch, sockets: [listener])
        #expect(folder.text("three").hasPrefix("socket:"))
        let pids = folder.text("pids").split(separator: " ")
        #expect(pids.count == 2 && pids.first == pids.last)
    }

    @Test func everyStartHasItsOwnMark() throws {
        let folder = try TestFolder()
        let first = try Host(), second = try Host()
        try first.run("echo $COXSWAIN_INSTANCE > \(folder.path)/first")
        try second.run("echo $COXSWAIN_INSTANCE > \(folder.path)/second")
        #expect(folder.text("first") == first.process?.instance.mark)
        #expect(folder.text("second") == second.process?.instance.mark)
        #expect(folder.text("first") != folder.text("second"))
    }

    @Test func whatWasAskedForIsSo() throws {
        let folder = try TestFolder()
        var launch = Host.launch(
            "{ ulimit -Sn; ulimit -Hn; ulimit -f; nice; cat /proc/self/oom_score_adj; } > numbers; pwd > folder")
        launch.limits = [
            ResourceLimit(.openFiles, soft: 100, hard: 200), ResourceLimit(.fileSize, soft: 1 << 20, hard: 1 << 20),
        ]
        launch.nice = 5
        launch.outOfMemoryScore = 500
        launch.directory = folder.path
        let host = try Host()
        try host.run(launch)
        #expect(host.refused == [])
        #expect(folder.text("numbers").split(separator: "\n") == ["100", "200", "1024", "5", "500"])
        #expect(folder.text("folder") == folder.path)
    }

    @Test func aLimitIsHeldTo() throws {
        let folder = try TestFolder()
        var launch = Host.launch("exec dd if=/dev/zero of=big bs=1K count=100 2> /dev/null")
        launch.directory = folder.path
        launch.limits = [ResourceLimit(.fileSize, soft: 4096, hard: 4096)]
        let host = try Host()
        try host.run(launch)
        #expect(host.exitStatus.map { $0 & 0x7f } == SIGXFSZ)
        let size = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/big")[.size] as? Int
        #expect(size == 4096)
    }

    @Test func thereAreNoCoreFiles() throws {
        // As much as a shell with `ulimit -c unlimited` would hand down.
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &before)
        var most = rlimit(rlim_cur: before.rlim_max, rlim_max: before.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &most)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &before) }
        let folder = try TestFolder()
        var launch = Host.launch("grep core /proc/$$/limits > \(folder.path)/core; kill -SEGV $$")
        launch.directory = folder.path
        let host = try Host()
        try host.run(launch)
        let limits = folder.text("core").split(separator: " ").compactMap { Int($0) }
        #expect(limits.count == 2 && limits.allSatisfy { $0 <= 1 })
        // Bit 0x80 of the status: a core was written, here or by a program that it was piped to.
        #expect(host.exitStatus == SIGSEGV)
        #expect(folder.names() == ["core"])
    }

    @Test func whatTheKernelRefusesIsAWarning() throws {
        var launch = Host.launch("exit 0")
        launch.controlGroups = ["/no/such/cgroup.procs"]
        launch.nice = 3
        // More than fs.nr_open is refused to root, too.
        launch.limits = [ResourceLimit(.openFiles, soft: 2_000_000_000, hard: 2_000_000_000)]
        let host = try Host()
        try host.run(launch)
        #expect(host.exitStatus == 0)
        try #require(host.refused.count == 2)
        #expect(host.refused[0] == "the control group of /no/such/cgroup.procs: No such file or directory")
        #expect(host.refused[1].hasPrefix("the limit nofile 2000000000 (it is "))
        #expect(host.refused[1].hasSuffix("): Operation not permitted"))
        guard case .refused = host.changes.first else {
            Issue.record("refusals come before the start: \(host.changes)")
            return
        }
    }

    @Test func aLimitAboveTheHardOneIsSetAsHighAsItGoes() throws {
        let folder = try TestFolder()
        var launch = Host.launch("{ ulimit -Sn; ulimit -Hn; } > \(folder.path)/limits")
        launch.limits = [
            ResourceLimit(.openFiles, soft: 50, hard: 300),
            ResourceLimit(.openFiles, soft: 2_000_000_000, hard: nil),
        ]
        let host = try Host()
        try host.run(launch)
        #expect(host.refused == ["the limit nofile 2000000000 (it is 300): Operation not permitted"])
        #expect(folder.text("limits") == "300\n300")
    }

    @Test func aSoftLimitAboveItsHardOneIsAWarning() throws {
        var launch = Host.launch("exit 0")
        launch.limits = [ResourceLimit(.openFiles, soft: 200, hard: 100)]
        let host = try Host()
        try host.run(launch)
        #expect(host.exitStatus == 0)
        #expect(host.refused.first?.hasSuffix("Invalid argument") == true)
    }

    @Test(.enabled(if: isRoot, "needs root, to give its rights away"))
    func aShimWithoutRightsIsRefusedMore() throws {
        let folder = try TestFolder()
        folder.openToAll()
        var launch = Host.launch("exit 0")
        launch.outOfMemoryScore = -1000
        launch.nice = -20
        let host = try Host()
        try host.run(launch, shim: try folder.unprivilegedShim())
        #expect(host.exitStatus == 0)
        #expect(host.refused == ["oom_score_adj -1000: Permission denied", "nice -20: Permission denied"])
    }

    @Test(arguments: ["/no/such/folder", "/etc/passwd"])
    func aWorkingDirectoryThatIsNoneFailsTheStart(path: String) throws {
        var launch = Host.launch("exit 0")
        launch.directory = path
        let host = try Host()
        try host.run(launch)
        #expect(host.notStarted?.hasPrefix("working directory \(path): ") == true)
        #expect(host.started == nil && host.exitStatus == nil)
    }

    @Test func aProgramThatIsRelativeLiesInTheWorkingDirectory() throws {
        let folder = try TestFolder()
        try folder.write("own", "#!/bin/sh\nexit 9\n", executable: true)
        let host = try Host()
        try host.run(Launch(command: ["./own"], directory: folder.path))
        #expect(host.exitStatus == 9 << 8)
    }
}

/// Another user's rights.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: isRoot, "needs root, to become another user"))
struct IdentityTests {
    @Test func userAndGroupsAreTheOnesAskedFor() throws {
        let folder = try TestFolder()
        folder.openToAll()
        var launch = Host.launch("cat /proc/$$/status > \(folder.path)/status")
        launch.identity = Identity(user: 65534, group: 65533, groups: [1000, 2000])
        let host = try Host()
        try host.run(launch)
        #expect(host.exitStatus == 0)
        let status = folder.text("status")
        #expect(status.contains("Uid:\t65534\t65534\t65534\t65534"))
        #expect(status.contains("Gid:\t65533\t65533\t65533\t65533"))
        #expect(status.contains("Groups:\t1000 2000"))
        for set in ["CapPrm", "CapEff", "CapAmb"] { #expect(status.contains("\(set):\t0000000000000000")) }
    }

    @Test func whatNeedsRootIsDoneBefore() throws {
        let folder = try TestFolder()
        folder.openToAll()
        var launch = Host.launch("{ nice; cat /proc/self/oom_score_adj; id -u; } > \(folder.path)/numbers")
        launch.identity = Identity(user: 65534, group: 65534)
        launch.outOfMemoryScore = 300
        launch.nice = 1
        let host = try Host()
        try host.run(launch)
        #expect(host.refused == [])
        #expect(folder.text("numbers").split(separator: "\n") == ["1", "300", "65534"])
    }

    @Test func itIsKilledThoughItIsAnotherUsers() throws {
        var launch = Host.launch("trap '' TERM; sleep 100")
        launch.identity = Identity(user: 65534, group: 65534)
        let host = try Host()
        try host.run(launch) { host, change in if case .started = change { host.process?.kill() } }
        #expect(host.exitStatus == SIGKILL)
        #expect(host.killed != nil)
    }

    @Test func nothingRunsWithMoreRightsThanItWasGiven() throws {
        let folder = try TestFolder()
        folder.openToAll()
        let shim = try folder.unprivilegedShim()
        for identity in [
            Identity(user: 1, group: 65534), Identity(user: 65534, group: 1), Identity(user: 65534, group: 65534),
        ] {
            var launch = Host.launch("touch \(folder.path)/ran")
            launch.identity = identity
            let host = try Host()
            try host.run(launch, shim: shim)
            #expect(host.notStarted?.contains("Operation not permitted: coxswain runs as uid") == true)
            #expect(host.started == nil && host.killed == 0)
        }
        #expect(folder.names() == ["shim"])
    }

    /// Each of the three steps alone may be what is refused.
    @Test(arguments: ["setuid", "setgid"])
    func oneMissingRightIsEnough(right: String) throws {
        let folder = try TestFolder()
        folder.openToAll()
        let shim = try folder.write(
            "shim",
            """
            #!/bin/sh
            exec setpriv --bounding-set -\(right) --inh-caps -all \(Programs.path("coxswain-shim")) "$@"
            """, executable: true)
        var launch = Host.launch("touch \(folder.path)/ran")
        launch.identity = Identity(user: 65534, group: 65534)
        let host = try Host()
        try host.run(launch, shim: shim)
        #expect(host.notStarted?.contains("Operation not permitted") == true)
        #expect(folder.names() == ["shim"])
    }

    @Test func whoeverItIsAlreadyNeedsNoRight() throws {
        let folder = try TestFolder()
        folder.openToAll()
        var launch = Host.launch("id -u > \(folder.path)/user")
        launch.identity = .current  // of this process; the shim would not be allowed to become it
        let host = try Host()
        try host.run(launch, shim: try folder.unprivilegedShim())
        #expect(host.exitStatus == 0)
        #expect(folder.text("user") == "65534")
    }

    @Test func theWorkingDirectoryIsEnteredWithItsOwnRights() throws {
        let folder = try TestFolder()
        chmod(folder.path, 0o700)
        var launch = Host.launch("exit 0")
        launch.directory = folder.path
        launch.identity = Identity(user: 65534, group: 65534)
        let host = try Host()
        try host.run(launch)
        #expect(host.notStarted == "working directory \(folder.path): Permission denied")
    }

    @Test func itMayOpenItsOutputByName() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var launch = Host.launch("echo one > /dev/stdout && echo two > /dev/stderr")
        launch.identity = Identity(user: 65534, group: 65534)
        let loop = try ProcessHost.EventLoop()
        var status: CInt?
        let process = try ServiceProcess(
            loop: loop, shimPath: Programs.path("coxswain-shim"), launch: launch, output: (ends[1], ends[1]),
            sockets: []
        ) { change in
            if case .exited(let value, _) = change { status = value }
            if case .gone = change { loop.stop() }
        }
        try loop.run()
        waitpid(process.shim, nil, 0)
        #expect(status == 0)
    }

    @Test func itJoinsItsControlGroupAndTheShimDoesNot() throws {
        let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"]
        let groups: [String] = roots.compactMap { root in
            let group = "\(root)/coxswain-test-\(getpid())"
            return access("\(root)/cgroup.procs", W_OK) == 0 && mkdir(group, 0o755) == 0 ? group : nil
        }
        defer { for group in groups { rmdir(group) } }
        guard !groups.isEmpty else {
            print("SKIPPED itJoinsItsControlGroupAndTheShimDoesNot: no control group can be made here")
            return
        }
        let folder = try TestFolder()
        folder.openToAll()
        var launch = Host.launch("cat /proc/self/cgroup > \(folder.path)/own; sleep 100 & wait")
        launch.controlGroups = groups.map { "\($0)/cgroup.procs" }
        launch.identity = Identity(user: 65534, group: 65534)
        let host = try Host()
        try host.run(launch) { host, change in
            guard case .started = change else { return }
            #expect(eventually { !folder.text("own").isEmpty })
            for group in groups {
                let members = ControlGroup.members(listedIn: "\(group)/cgroup.procs")
                #expect(members.contains { $0 == host.started })
                #expect(!members.contains { $0 == host.process?.shim })
            }
            host.process?.kill()
        }
        #expect(host.refused == [])
        let lines = folder.text("own").split(separator: "\n").filter { $0.hasSuffix("/coxswain-test-\(getpid())") }
        #expect(lines.count == groups.count)
    }
}

import Foundation
import ProcessHost
import TestSupport
import Testing

/// Runs one service behind a real shim until nothing is left of it.
private final class Host {
    let loop: ProcessHost.EventLoop
    var changes: [ServiceProcess.Change] = []
    var process: ServiceProcess?
    private var signals: SignalSource?

    init() throws { loop = try ProcessHost.EventLoop() }

    /// - Parameter react: called at each change.
    func run(_ script: String, react: @escaping (Host, ServiceProcess.Change) -> Void = { _, _ in }) throws {
        let sink = open("/dev/null", O_WRONLY)
        defer { close(sink) }
        process = try ServiceProcess(
            loop: loop, shimPath: Programs.path("coxswain-shim"), command: ["/bin/bash", "-c", script],
            environment: ["PATH": "/usr/bin:/bin"], output: (sink, sink), sockets: []
        ) { [unowned self] change in
            changes.append(change)
            react(self, change)
            if case .gone = change { loop.stop() }
            if case .notStarted = change { loop.stop() }
        }
        // The test's own deadline: a shim that never says "gone" fails the test instead of hanging it.
        loop.setDeadline(EventLoop.now() + 20_000_000_000) { [unowned self] in loop.stop() }
        try loop.run()
        if let shim = process?.shim { waitpid(shim, nil, 0) }
    }

    var exitStatus: Int32? {
        for case .exited(let status, _) in changes { return status }
        return nil
    }

    var killed: Int? {
        for case .gone(let killed) in changes { return killed }
        return nil
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ServiceProcessTests {
    @Test func tellsHowItEnded() throws {
        let host = try Host()
        try host.run("exit 3")
        #expect(host.exitStatus == 3 << 8)
        #expect(host.killed == 0)
    }

    @Test func forwardsASignalToTheMainProcess() throws {
        let host = try Host()
        try host.run("trap 'exit 7' USR1; while :; do sleep 0.01; done") { host, change in
            guard case .started = change else { return }
            usleep(300_000)
            host.process?.signal(SIGUSR1)
        }
        #expect(host.exitStatus == 7 << 8)
    }

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
        let pid = try #require(
            Int32(
                String(contentsOfFile: "\(folder.path)/pid", encoding: .utf8).trimmingCharacters(
                    in: .whitespacesAndNewlines)))
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        #expect(try #require(host.killed) >= 1)
    }

    @Test func aTreeThatForksAllTheTimeIsOvertaken() throws {
        let host = try Host()
        try host.run("bomb() { (sleep 0.001 & bomb) & }; for i in 1 2 3; do bomb; done; sleep 100") { host, change in
            guard case .started = change else { return }
            usleep(300_000)
            host.process?.kill()
        }
        #expect(host.killed != nil)
        #expect(host.exitStatus == 9)
    }

    @Test func aProgramThatIsNotThereIsSaid() throws {
        let host = try Host()
        let sink = open("/dev/null", O_WRONLY)
        defer { close(sink) }
        var said: String?
        let process = try ServiceProcess(
            loop: host.loop, shimPath: Programs.path("coxswain-shim"), command: ["/no/such/program"], environment: [:],
            output: (sink, sink), sockets: []
        ) { change in
            if case .notStarted(let why) = change { said = why }
            if case .gone = change { host.loop.stop() }
        }
        try host.loop.run()
        #expect(said == "No such file or directory")
        waitpid(process.shim, nil, 0)
    }

    @Test func theServiceInheritsNothingItWasNotGiven() throws {
        let folder = try TestFolder()
        let host = try Host()
        let stray = open("/etc/passwd", O_RDONLY)  // on purpose without O_CLOEXEC
        defer { close(stray) }
        try host.run(
            """
            ls -l /proc/$$/fd > \(folder.path)/fds; env > \(folder.path)/env; cat /proc/self/status > \(folder.path)/status
            readlink /proc/$$/fd/0 > \(folder.path)/stdin
            """)
        let descriptors = try String(contentsOfFile: "\(folder.path)/fds", encoding: .utf8)
        #expect(!descriptors.contains("/etc/passwd"))
        #expect(try String(contentsOfFile: "\(folder.path)/stdin", encoding: .utf8) == "/dev/null\n")
        let status = try String(contentsOfFile: "\(folder.path)/status", encoding: .utf8)
        #expect(status.contains("SigBlk:\t0000000000000000") && status.contains("SigIgn:\t0000000000000000"))
        let environment = try String(contentsOfFile: "\(folder.path)/env", encoding: .utf8)
        #expect(!environment.contains("HOME="))
    }

    @Test func whenTheSupervisorIsGoneTheTreeGoesToo() throws {
        let folder = try TestFolder()
        // A shim whose control socket closes at once: what it was told to start must not stay.
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        let null = open("/dev/null", O_RDWR)
        let shim = try Spawner.spawn(
            [
                Programs.path("coxswain-shim"), "3", "/bin/bash", "-c",
                "echo $$ > \(folder.path)/pid; sleep 100 & sleep 100",
            ],
            environment: ["PATH": "/usr/bin:/bin"], descriptors: [null, null, null, pair[1]])
        close(pair[1])
        close(null)
        #expect(eventually { FileManager.default.fileExists(atPath: "\(folder.path)/pid") })
        close(pair[0])
        var status: Int32 = 0
        #expect(waitpid(shim, &status, 0) == shim)
        #expect(ProcessTable().below(getpid()).allSatisfy { $0.program != "sleep" })
    }
}

@Suite struct CoreCountTests {
    @Test(
        arguments: [
            ("max 100000", nil), ("200000 100000", 2), ("150000 100000\n", 2), ("-1 100000", nil), ("0 100000", nil),
            ("100000 0", nil), ("", nil),
        ]
            as [(String, Int?)])
    func readsTheQuota(text: String, cores: Int?) { #expect(CoreCount.cores(fromMax: text) == cores) }

    @Test func thereIsAtLeastOne() { #expect(CoreCount.available() >= 1) }
}

@Suite struct StateFolderTests {
    @Test func isOursAloneAndOneContainersAlone() throws {
        let parent = try TestFolder()
        let path = "\(parent.path)/a/b"
        var folder: StateFolder? = try StateFolder(path: path)
        #expect(folder?.path == path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(throws: StateFolder.Problem.self) { try StateFolder(path: path) }
        folder = nil
        #expect(throws: Never.self) { try StateFolder(path: path) }
    }
}

import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ServiceProcessTests {
    @Test func tellsHowItEnded() throws {
        let host = try Host()
        try host.run("exit 3")
        #expect(host.exitStatus == 3 << 8)
        #expect(host.killed == 0)
    }

    @Test func forwardsASignalToTheMainProcess() throws {
        let folder = try TestFolder()
        let host = try Host()
        try host.run("trap 'exit 7' USR1; touch \(folder.path)/up; while :; do sleep 0.01; done") { host, change in
            guard case .started = change else { return }
            #expect(eventually { folder.names() == ["up"] })
            host.process?.signal(SIGUSR1)
        }
        #expect(host.exitStatus == 7 << 8)
    }

    @Test func aProgramThatIsNotThereIsSaid() throws {
        let host = try Host()
        try host.run(Launch(command: ["/no/such/program"]))
        #expect(host.notStarted == "/no/such/program: No such file or directory")
        #expect(host.started == nil && host.exitStatus == nil && host.killed == 0)
    }

    @Test func aProgramThatIsNoneIsSaid() throws {
        let folder = try TestFolder()
        try folder.write("plain", "no program")
        let host = try Host()
        try host.run(Launch(command: ["\(folder.path)/plain"]))
        #expect(host.notStarted == "\(folder.path)/plain: Permission denied")
    }

    @Test func anInterpreterThatIsNotThereIsSaid() throws {
        let folder = try TestFolder()
        let script = try folder.write("script", "#!/no/such/interpreter\n", executable: true)
        let host = try Host()
        try host.run(Launch(command: [script]))
        #expect(host.notStarted?.contains("interpreter") == true)
    }

    @Test func theProgramIsFoundInItsOwnPath() throws {
        let folder = try TestFolder()
        try folder.write("hello", "#!/bin/sh\nexit 5\n", executable: true)
        let host = try Host()
        try host.run(Launch(command: ["hello"], environment: ["PATH": "/no/such/folder:\(folder.path)"]))
        #expect(host.exitStatus == 5 << 8)
    }

    @Test func whenTheSupervisorIsGoneTheTreeGoesToo() throws {
        let folder = try TestFolder()
        // A shim whose control socket closes at once: what it was told to start must not stay.
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        let null = open("/dev/null", O_RDWR)
        let shim = try Spawner.spawn(
            [
                Programs.path("coxswain-shim"), "3", "--", "/bin/bash", "-c",
                "echo $$ > \(folder.path)/pid; sleep 100 & sleep 100",
            ],
            environment: ["PATH": "/usr/bin:/bin"], descriptors: [null, null, null, pair[1]])
        close(pair[1])
        close(null)
        #expect(eventually { !folder.text("pid").isEmpty })
        close(pair[0])
        var status: Int32 = 0
        #expect(waitpid(shim, &status, 0) == shim)
        #expect(status == 0)
        #expect(ProcessTable().below(getpid()).allSatisfy { $0.program != "sleep" })
    }

    @Test func theShimSaysHowItIsCalled() throws {
        for arguments in [[], ["3"], ["3", "nice=1"], ["3", "--"]] {
            let result = try Shell.run(Programs.path("coxswain-shim"), arguments)
            #expect(result.status == 64)
            #expect(result.errors.hasPrefix("usage: coxswain-shim"))
        }
    }

    @Test func anOptionThatTheShimDoesNotKnowFailsTheStart() throws {
        let folder = try TestFolder()
        let shim = try folder.write(
            "shim", "#!/bin/sh\ncontrol=$1; shift\nexec \(Programs.path("coxswain-shim")) $control colour=red \"$@\"\n",
            executable: true)
        let host = try Host()
        try host.run(Host.launch("exit 0"), shim: shim)
        #expect(host.notStarted?.contains("Invalid argument") == true)
        #expect(host.started == nil)
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

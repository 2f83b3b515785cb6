import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct HelperRunTests {
    private let loop: ProcessHost.EventLoop

    init() throws { loop = try ProcessHost.EventLoop() }

    private func run(
        _ script: String, deadline: Duration = .seconds(20), command: [String]? = nil
    ) throws -> (outcome: HelperRun.Outcome?, run: HelperRun) {
        var outcome: HelperRun.Outcome?
        let run = HelperRun(
            loop: loop, command: command ?? ["/bin/bash", "-c", script], environment: ["PATH": "/usr/bin:/bin"],
            deadline: deadline
        ) { [loop] in
            #expect(outcome == nil)
            outcome = $0
            loop.stop()
        }
        // Never from within the call that starts it.
        #expect(outcome == nil)
        // The test's own deadline: what never ends fails the test instead of hanging it.
        loop.setDeadline(EventLoop.now() + 30_000_000_000) { [loop] in loop.stop() }
        try loop.run()
        return (outcome, run)
    }

    private func output(_ outcome: HelperRun.Outcome?) -> String? {
        guard case .output(let bytes) = outcome else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: the raw wait status.
    @discardableResult
    private func reap(_ run: HelperRun) throws -> Int32 {
        let pid = try #require(run.pid)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(!run.isGone)
        run.ended(pid)
        #expect(run.isGone)
        return status
    }

    /// Waits for a file with a process id and a line break.
    private func number(in file: String) throws -> Int32 {
        #expect(eventually { (try? String(contentsOfFile: file, encoding: .utf8))?.hasSuffix("\n") == true })
        let text = try String(contentsOfFile: file, encoding: .utf8)
        return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private func descriptors() -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
    }

    @Test func bringsWhatWasWritten() throws {
        let before = descriptors()
        let (outcome, run) = try run("echo one; echo two; echo not this >&2")
        #expect(output(outcome) == "one\ntwo\n")
        try reap(run)
        #expect(descriptors() == before)
    }

    @Test func severalPiecesAreOneOutput() throws {
        let (outcome, run) = try run("for i in 1 2 3; do printf $i; sleep 0.05; done")
        #expect(output(outcome) == "123")
        try reap(run)
    }

    @Test func muchIsReadWhole() throws {
        let (outcome, run) = try run("head -c 262144 /dev/zero")
        guard case .output(let bytes) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(bytes.count == HelperRun.mostOutput)
        try reap(run)
    }

    @Test func tooMuchIsCutOff() throws {
        let before = descriptors()
        let (outcome, run) = try run("trap '' TERM PIPE; while :; do echo a line without end; done")
        guard case .tooMuchOutput = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(try reap(run) == SIGKILL)
        #expect(descriptors() == before)
    }

    @Test func atTheDeadlineItIsKilledAndNotWaitedFor() throws {
        let before = descriptors()
        let folder = try TestFolder()
        // Ignores everything, and has a child that does so too.
        let (outcome, run) = try run(
            """
            trap '' TERM INT HUP PIPE
            bash -c 'echo $$ > \(folder.path)/pid; while :; do sleep 0.01; done' &
            while :; do sleep 0.01; done
            """, deadline: .milliseconds(500))
        guard case .timedOut(let pid) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(pid == run.pid)
        #expect(descriptors() == before)
        #expect(try reap(run) == SIGKILL)
        // The child went with it: it is in the same group. (As a zombie it is gone enough: it is not ours to reap.)
        let child = try number(in: "\(folder.path)/pid")
        #expect(eventually(within: 5) { (ProcessTable().entries[child]?.state ?? "Z") == "Z" })
        kill(child, SIGKILL)
    }

    @Test(arguments: [("/no/such/program", ENOENT), ("/etc/passwd", EACCES), ("/tmp", EACCES)])
    func whatCannotBeStartedIsSaidLater(command: String, code: Int32) throws {
        let before = descriptors()
        let (outcome, run) = try run("", command: [command])
        guard case .notStarted(let error) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(error.code == code)
        #expect(error.description.hasPrefix("start \(command): "))
        #expect(run.pid == nil && run.isGone)
        #expect(descriptors() == before)
    }

    @Test func aCrashIsAnEmptyOutput() throws {
        let (outcome, run) = try run("kill -SEGV $$")
        #expect(output(outcome) == "")
        #expect(try reap(run) & 0x7F == SIGSEGV)
    }

    @Test func whoHasSaidEverythingIsNotLeftHanging() throws {
        let (outcome, run) = try run("trap '' TERM; echo all; exec >&-; while :; do sleep 0.01; done")
        #expect(output(outcome) == "all\n")
        #expect(try reap(run) == SIGKILL)
    }

    @Test func aChildThatHoldsTheOutputDelaysNothing() throws {
        let folder = try TestFolder()
        var outcome: HelperRun.Outcome?
        let run = HelperRun(
            loop: loop,
            command: ["/bin/bash", "-c", "echo said; setsid bash -c 'echo $$ > \(folder.path)/pid; exec sleep 300' &"],
            environment: ["PATH": "/usr/bin:/bin"], deadline: .seconds(20)
        ) { outcome = $0 }
        let pid = try #require(run.pid)
        #expect(waitpid(pid, nil, 0) == pid)
        run.ended(pid + 1)
        #expect(!run.isGone)
        run.ended(pid)
        #expect(output(outcome) == "said\n")
        kill(try number(in: "\(folder.path)/pid"), SIGKILL)
    }

    @Test func noSignalIsSentToANumberThatMayBeAnothers() throws {
        let folder = try TestFolder()
        var outcome: HelperRun.Outcome?
        // A member of its group that outlives it shows whether the group is signalled after its end was told.
        let run = HelperRun(
            loop: loop,
            command: [
                "/bin/bash", "-c",
                "sleep 300 >&- & while [ -e /proc/$!/fd/1 ]; do :; done; echo $! > \(folder.path)/pid",
            ],
            environment: ["PATH": "/usr/bin:/bin"], deadline: .seconds(20)
        ) { outcome = $0 }
        let pid = try #require(run.pid)
        #expect(waitpid(pid, nil, 0) == pid)
        run.ended(pid)
        #expect(output(outcome) == "")
        run.ended(pid)
        run.cancel()
        let child = try number(in: "\(folder.path)/pid")
        usleep(50_000)
        #expect(ProcessTable().entries[child]?.program == "sleep")
        kill(child, SIGKILL)
    }

    @Test func cancelledItIsKilledAndSilent() throws {
        let before = descriptors()
        var said = false
        let run = HelperRun(
            loop: loop, command: ["/bin/sleep", "300"], environment: [:], deadline: .milliseconds(50)
        ) { _ in said = true }
        run.cancel()
        #expect(try reap(run) == SIGKILL)
        loop.after(.milliseconds(100)) { [loop] in loop.stop() }
        try loop.run()
        #expect(!said)
        #expect(descriptors() == before)
    }

    @Test func cancelledBeforeItCouldSayThatItWasNotStarted() throws {
        var said = false
        let run = HelperRun(loop: loop, command: ["/no/such"], environment: [:], deadline: .seconds(1)) { _ in
            said = true
        }
        run.cancel()
        loop.after(.milliseconds(20)) { [loop] in loop.stop() }
        try loop.run()
        #expect(!said)
    }

    @Test func keepsItselfUntilItsEndAndNotLonger() throws {
        weak var kept: HelperRun?
        var outcome: HelperRun.Outcome?
        func start() {
            let run = HelperRun(
                loop: loop, command: ["/bin/echo", "here"], environment: [:], deadline: .seconds(20)
            ) { [loop] in
                outcome = $0
                loop.stop()
            }
            kept = run
        }
        start()
        let pid = try #require(kept?.pid)
        try loop.run()
        #expect(output(outcome) == "here\n")
        #expect(kept == nil)
        waitpid(pid, nil, 0)
    }

    @Test func itsSurroundingsAreClean() throws {
        let (outcome, run) = try run(
            "readlink /proc/$$/fd/0 /proc/$$/fd/2; ls /proc/$$/fd | wc -w; ps -o sid= -p $$ | tr -d ' '; echo $$; env")
        let lines = try #require(output(outcome)).split(separator: "\n")
        try #require(lines.count >= 5)
        #expect(lines[0] == "/dev/null" && lines[1] == "/dev/null")
        #expect(lines[3] == lines[4])
        #expect(!lines.contains { $0.hasPrefix("HOME=") })
        try reap(run)
    }
}

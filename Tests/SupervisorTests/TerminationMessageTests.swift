import Glibc
import Lifecycle
import Supervisor
import Testing

@Suite struct TerminationMessageTests {
    private func temporaryFile() -> String {
        var name = Array("/tmp/termination-XXXXXX".utf8CString)
        close(mkstemp(&name))
        return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private func read(_ path: String) -> String {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 10_000)
        return String(decoding: bytes[..<max(Glibc.read(file, &bytes, bytes.count), 0)], as: UTF8.self)
    }

    @Test func itSaysWhatHappenedAndWhatMayHelp() {
        let message = TerminationMessage(
            code: .budgetSpent, why: "engine keeps failing: exited with status 1: CUDA out of memory",
            hint: "lower --gpu-memory-utilization", evidence: "torch.OutOfMemoryError: CUDA out of memory",
            stack: ["load_model (gpu_worker.py:212)", "init (core.py:80)"], service: "engine",
            lastLines: ["loading weights", "error: CUDA out of memory"])
        #expect(
            message.text == """
                engine keeps failing: exited with status 1: CUDA out of memory
                what may help: lower --gpu-memory-utilization
                its log says: torch.OutOfMemoryError: CUDA out of memory
                it was in: load_model (gpu_worker.py:212) ← init (core.py:80)
                exit status 75: the restart budget of a service is spent
                the last lines of engine:
                  loading weights
                  error: CUDA out of memory

                """)
    }

    @Test(arguments: [0, 1, 20, 3000]) func itIsNeverLongerThanKubernetesReads(length: Int) {
        let long = String(repeating: "ж", count: length)
        let message = TerminationMessage(
            code: .hopeless, why: long, hint: long, evidence: long, stack: [long, long], service: "engine",
            lastLines: (0..<100).map { "\($0) \(long)" })
        #expect(message.text.utf8.count <= 4096)
        // Of the lines the last.
        #expect(message.text.contains("\n  99 ") && message.text.contains("exit status 69"))
        let alone = TerminationMessage(code: .settings, why: String(repeating: long, count: 3))
        #expect(alone.text.utf8.count <= 4096 && alone.text.contains("exit status 78"))
    }

    @Test func itReplacesWhatWasThereAndMakesNothing() {
        let path = temporaryFile()
        defer { unlink(path) }
        let long = TerminationMessage(code: .settings, why: String(repeating: "x", count: 2000))
        #expect(long.write(to: path) && read(path) == long.text)
        let short = TerminationMessage(code: .settings, why: "short")
        #expect(short.write(to: path) && read(path) == short.text)

        #expect(!short.write(to: "\(path).not-there"))
        #expect(access("\(path).not-there", F_OK) != 0)
        #expect(!short.write(to: "/tmp"))
        #expect(!short.write(to: "/dev/null"))
        #expect(!short.write(to: ""))
        // A pipe that nobody reads holds nobody up, and one that is read is not ours to write to.
        #expect(mkfifo("\(path).pipe", 0o600) == 0)
        defer { unlink("\(path).pipe") }
        #expect(!short.write(to: "\(path).pipe"))
    }

    @Test func nothingInItIsLeftUnmasked() {
        let message = TerminationMessage(
            code: .hopeless, why: "a key", hint: "b key", evidence: "c key", stack: ["d key"], service: "engine",
            lastLines: ["e key"])
        let masked = message.masked { String($0.prefix(2)) + "***" }
        #expect(!masked.text.contains("key") && masked.text.contains("e ***"))
    }

    @Test func beforeThereAreSettingsTheEnvironmentSaysWhere() {
        let path = temporaryFile()
        defer { unlink(path) }
        let environment = ["COXSWAIN_TERMINATION_LOG": path, "S3_SECRET_KEY": "canary-secret-4711"]
        TerminationMessage.leave("`listen` must not be \"canary-secret-4711\"", .settings, environment: environment)
        #expect(read(path).hasPrefix("coxswain cannot start: `listen` must not be "))
        #expect(!read(path).contains("canary"))
        #expect(TerminationMessage.file(["COXSWAIN_TERMINATION_LOG": ""]) == "/dev/termination-log")
    }
}

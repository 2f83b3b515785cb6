import Foundation
import Lifecycle
import Testing

/// Logs of a real vLLM 0.32 (CPU build), whole, each with the end that it had.
@Suite struct DiagnosisLogTests {
    /// The last lines of a log without what the recorder put in front ("seconds OUT ").
    private func lines(_ name: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Logs")
        let text = try String(contentsOf: folder.appending(path: "\(name).log"), encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).suffix(200).map { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            guard words.count > 1, Double(words[0]) != nil, ["OUT", "ERR"].contains(words[1]) else {
                return String(line)
            }
            return String(line[words[1].endIndex...].dropFirst())
        }
    }

    private struct Expected {
        var kind: Diagnosis.Kind
        var cause: String
        var canRetry = true
        var evidence: String?
    }

    private func check(
        _ name: String, _ exit: Exit, wasReady: Bool = false, _ expected: Expected,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let result = diagnosis(try lines(name), exit: exit, wasReady: wasReady)
        #expect(result.kind == expected.kind, sourceLocation: location)
        #expect(result.cause == expected.cause, sourceLocation: location)
        #expect(result.canRetry == expected.canRetry, sourceLocation: location)
        #expect(result.stack == [], sourceLocation: location)
        if let evidence = expected.evidence {
            #expect(
                result.evidence?.hasPrefix(evidence) == true, "\(result.evidence ?? "nil")", sourceLocation: location)
        } else {
            #expect(result.evidence == nil, sourceLocation: location)
        }
    }

    // MARK: Starts that fail

    @Test func badModelPath() throws {
        try check(
            "bad-model-path", .code(1),
            Expected(
                kind: .modelMissing, cause: "exited with status 1: there is no such model", canRetry: false,
                evidence: "huggingface_hub.errors.HFValidationError: Repo id must be in the form"))
    }

    @Test func maxLengthTooBig() throws {
        try check(
            "maxlen-too-big", .code(1),
            Expected(
                kind: .settings, cause: "exited with status 1: max-model-len does not fit the model", canRetry: false,
                evidence: "Value error, User-specified max_model_len (999999) is greater than"))
    }

    @Test func portInUse() throws {
        try check(
            "port-in-use", .code(1),
            Expected(
                kind: .portTaken, cause: "exited with status 1: its port is taken",
                evidence: "OSError: [Errno 98] Address already in use"))
    }

    /// The cause stands in a worker's log, with two exceptions below it that only say "see above".
    @Test func notEnoughMemory() throws {
        try check(
            "not-enough-memory", .code(1),
            Expected(
                kind: .hostMemory, cause: "exited with status 1: too little of the machine's memory was free",
                evidence: "ValueError: Available memory on node 0 (6.0/8.34 GiB) on startup is less than desired"))
    }

    // MARK: Ends of an engine that was ready

    @Test func killedEngineCore() throws {
        try check(
            "kill9-enginecore", .code(0), wasReady: true,
            Expected(
                kind: .engineDied, cause: "exited with status 0, which nobody asked for: its EngineCore died",
                evidence: "[shutdown] MPClient: engine core exited unexpectedly; starting cleanup"))
    }

    @Test func killedWorker() throws {
        try check(
            "kill9-worker", .code(0), wasReady: true,
            Expected(
                kind: .engineDied,
                cause: "exited with status 0, which nobody asked for: a worker of its EngineCore died",
                evidence: "Worker proc VllmWorker-0 died unexpectedly (exit code: None), shutting down executor."))
    }

    @Test func killedAPIProcess() throws {
        try check(
            "kill9-api", .signal(9), wasReady: true,
            Expected(
                kind: .killed,
                cause: "killed by SIGKILL (from outside: an operator, or the node's out-of-memory killer)"))
    }

    // MARK: Ends that somebody asked for, taken as if nobody had

    @Test(arguments: ["sigterm-drain", "sigterm-during-start", "sigterm-inflight"])
    func askedToStop(_ name: String) throws {
        try check(
            name, .code(0), wasReady: true, Expected(kind: .exit, cause: "exited with status 0, which nobody asked for")
        )
    }

    /// Vllm turns a SIGTERM while it starts into KeyboardInterrupt, and that into SIGINT.
    @Test func askedToStopWhileStarting() throws {
        try check("sigterm-mid", .signal(2), Expected(kind: .killed, cause: "killed by SIGINT (from outside)"))
    }

    /// However a healthy log ends, nothing in any of these is a cause.
    @Test(arguments: [
        "startup", "kill9-api", "sigterm-drain", "sigterm-during-start", "sigterm-inflight", "sigterm-mid",
    ])
    func nothingInItIsACause(_ name: String) throws {
        let log = try lines(name)
        for exit: Exit in [.code(0), .code(2), .code(64), .code(126), .code(127), .signal(9), .signal(11), .unseen] {
            let plain = diagnosis([], exit: exit)
            var result = diagnosis(log, exit: exit)
            // A traceback that a stop leaves may be told where the exit status asks for one, but condemns nothing.
            if name != "startup", case .code(let code) = exit, code != 0 {
                #expect(result.kind == plain.kind)
                #expect(result.canRetry == plain.canRetry)
                result = plain
            }
            #expect(result == plain)
            let late = diagnosis(log, exit: exit, failure: "it was not ready within 9 min")
            #expect(late == diagnosis([], exit: exit, failure: "it was not ready within 9 min"))
        }
        #expect(name != "startup" || diagnosis(log, exit: .code(1)) == diagnosis([], exit: .code(1)))
    }
}

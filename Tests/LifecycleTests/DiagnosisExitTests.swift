import Lifecycle
import Testing

/// What is said of an end about which the log says nothing, or nothing that a rule knows.
@Suite struct DiagnosisExitTests {
    private func check(
        _ result: Diagnosis, _ kind: Diagnosis.Kind, _ cause: String, canRetry: Bool = true,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(result.kind == kind, sourceLocation: location)
        #expect(result.cause == cause, sourceLocation: location)
        #expect(result.canRetry == canRetry, sourceLocation: location)
    }

    @Test func exits() {
        check(diagnosis([], exit: .code(3)), .exit, "exited with status 3")
        check(diagnosis([], exit: .code(0)), .exit, "exited with status 0, which nobody asked for")
        check(diagnosis([], exit: .unseen), .unseen, "its shim was killed")
        check(diagnosis([], exit: nil), .unseen, "its shim was killed")
        check(
            diagnosis([], exit: .code(127)), .notStarted,
            "exited with status 127, a shell's word for a program that is missing", canRetry: false)
        check(
            diagnosis([], exit: .code(126)), .notStarted,
            "exited with status 126, a shell's word for a program that cannot be executed", canRetry: false)
        check(
            diagnosis([], exit: .notStarted("No such file or directory")), .notStarted,
            "could not be started: No such file or directory", canRetry: false)
        check(
            diagnosis([], exit: .notStarted("Cannot allocate memory")), .notStarted,
            "could not be started: Cannot allocate memory")
        check(
            diagnosis([], exit: .notStarted("No such file or directory"), wasReady: true), .notStarted,
            "could not be started: No such file or directory")
    }

    @Test func signals() {
        let outside = "killed by SIGKILL (from outside: an operator, or the node's out-of-memory killer)"
        check(diagnosis([], exit: .signal(9)), .killed, outside)
        check(diagnosis([], exit: .code(137)), .killed, "exited with status 137, a shell's word for \(outside)")
        check(diagnosis([], exit: .signal(15)), .killed, "killed by SIGTERM (from outside)")
        check(diagnosis([], exit: .signal(11)), .crash, "killed by SIGSEGV")
        check(diagnosis([], exit: .code(139)), .crash, "exited with status 139, a shell's word for killed by SIGSEGV")
        check(diagnosis([], exit: .signal(7)), .crash, "killed by SIGBUS")
        #expect(diagnosis([], exit: .signal(7)).hint?.contains("/dev/shm") == true)
        #expect(diagnosis([], exit: .signal(9)).hint?.contains("dmesg") == true)
        #expect(diagnosis([], exit: .code(255)).cause == "exited with status 255")
    }

    @Test func whatWeEndedSaysWhy() {
        let why = "3 health checks failed: no answer within 2 s"
        check(diagnosis([], exit: .signal(15), failure: why, wasReady: true), .hung, why)
        check(diagnosis([], exit: .signal(9), failure: why, wasReady: true), .hung, why)
        check(diagnosis([], exit: nil, failure: why), .hung, why)
        // The log's own words are not said twice, but what they mean is.
        let log = "its log says: CUDA error: device-side assert triggered"
        let result = diagnosis(
            ["RuntimeError: CUDA error: device-side assert triggered"], exit: .signal(15), failure: log)
        check(result, .gpuFault, log)
        #expect(result.hint != nil)
        #expect(diagnosis([], failure: "it was not ready within 9 min").hint?.contains("`within`") == true)
        // An engine that failed and yet did not end is given up all the same.
        let late = diagnosis(
            ["RuntimeError: No CUDA GPUs are available"], exit: .signal(15), failure: "it was not ready within 9 min")
        check(late, .gpuMissing, "it was not ready within 9 min; no GPU is visible to it", canRetry: false)
    }

    /// A stop that we asked for makes a noise of its own.
    @Test func whatFollowsOurStopIsNoCause() {
        let why = "3 health checks failed: no answer within 2 s"
        let lines = [
            "(APIServer pid=5) INFO 11-22 08:59:26 [launcher.py:254] [shutdown] API server: shutdown triggered",
            "(APIServer pid=5) ERROR 11-22 08:59:26 [core_client.py:600] Engine core proc EngineCore_DP0 died "
                + "unexpectedly, "
                + "shutting down client.",
        ]
        check(diagnosis(lines, exit: .code(0), failure: why, wasReady: true), .hung, why)
        check(
            diagnosis(lines, exit: .code(0), wasReady: true), .exit, "exited with status 0, which nobody asked for")
        check(
            diagnosis([lines[1]], exit: .code(0), wasReady: true), .engineDied,
            "exited with status 0, which nobody asked for: its EngineCore died")
    }

    @Test func theEngineCoresOwnEndIsTold() {
        func cause(_ line: String) -> String { diagnosis([line], exit: .code(0)).cause }
        let front = "exited with status 0, which nobody asked for: "
        #expect(
            cause(
                "(EngineCore pid=7) ERROR 11-22 09:02:23 [m.py:315] Worker proc VllmWorker-0 died unexpectedly (exit "
                    + "code: -9), shutting down executor."
            )
                == front + "a worker of its EngineCore died (killed by SIGKILL)")
        #expect(
            diagnosis([
                "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): "
                    + "{'EngineCore_DP0': -11}"
            ]).cause
                == "exited with status 1: its EngineCore failed to start (killed by SIGSEGV)")
        #expect(
            diagnosis(
                [
                    "(EngineCore pid=7) ERROR 11-22 09:02:23 [core.py:1512] EngineCore encountered a fatal error.",
                    "(EngineCore pid=7) ERROR 11-22 09:02:23 [core.py:1512] Traceback (most recent call last):",
                    "(EngineCore pid=7) ERROR 11-22 09:02:23 [core.py:1512]   File \"/x/core.py\", line 3, in step",
                    "(EngineCore pid=7) ERROR 11-22 09:02:23 [core.py:1512]     assert left",
                    "(EngineCore pid=7) ERROR 11-22 09:02:23 [core.py:1512] AssertionError",
                    "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.",
                ], exit: .code(0)
            ).cause == front + "its EngineCore died: AssertionError")
        let killed = diagnosis(
            ["vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue."], exit: .code(0),
            outOfMemoryKills: 1)
        check(
            killed, .hostMemory,
            "exited with status 0, which nobody asked for; the kernel killed a process at the memory limit")
    }

    @Test func anUnknownExceptionIsTold() {
        let traceback = [
            "Traceback (most recent call last):", "  File \"/app/x.py\", line 3, in <module>", "    main()",
            "app.errors.ConfigurationError: there is no such backend",
        ]
        let result = diagnosis(traceback)
        check(result, .exit, "exited with status 1: app.errors.ConfigurationError: there is no such backend")
        #expect(result.evidence == "app.errors.ConfigurationError: there is no such backend")
        // Not what the interpreter throws on its way out.
        let noise = [
            "Exception ignored in: <function X.__del__ at 0x7f>", "Traceback (most recent call last):", "TypeError: x",
        ]
        #expect(diagnosis(traceback + noise).cause == result.cause)
        // Success needs no exception to explain it, and a signal has none.
        #expect(diagnosis(traceback, exit: .code(0)).cause == "exited with status 0, which nobody asked for")
        #expect(diagnosis(traceback, exit: .signal(9)).kind == .killed)
        // A long one is cut.
        #expect(diagnosis(["ValueError: " + String(repeating: "x", count: 900)]).cause.count < 240)
    }

    @Test func anErrorOfOurOwnProgramsIsTold() {
        let result = diagnosis(
            [
                #"{"time":"2025-11-22T10:00:00Z","level":"critical","#
                    + #""message":"SettingsError: \"OCR_WORKERS\" must be\na number"}"#
            ],
            exit: .code(78))
        check(
            result, .settings,
            "exited with status 78, which says that its settings are wrong: "
                + #"SettingsError: "OCR_WORKERS" must be a number"#, canRetry: false)
        #expect(result.saysSettings)
        // It is no exception, and no rule knows it: the last error is what it ended over.
        let last = diagnosis(
            [
                #"{"level":"error","message":"something else"}"#,
                #"{"level":"error","message":"a setting cannot be used error=X: it is not set"}"#,
                #"{"level":"info","message":"bye"}"#,
            ],
            exit: .code(78))
        #expect(last.cause.hasSuffix("its settings are wrong: a setting cannot be used error=X: it is not set"))
        #expect(last.saysSettings && !last.canRetry)
    }

    @Test func anArgumentIsNamed() {
        #expect(
            diagnosis(["usage: vllm [-h]", "vllm: error: unrecognized arguments: --foo --bar 3"], exit: .code(2)).cause
                == "exited with status 2: it does not know the arguments (--foo --bar 3)")
        #expect(
            diagnosis(
                ["tesseract: error while loading shared libraries: liblept.so.5: cannot open shared object file"],
                exit: .code(127)
            ).cause.hasSuffix(": a library is missing (liblept.so.5)"))
    }

    @Test func aShellsStatusIsNotExplainedTwice() {
        let result = diagnosis(["sh: 1: nope: not found"], exit: .code(127))
        check(result, .notStarted, "exited with status 127: a program is missing", canRetry: false)
    }

    /// Names are read by machines: they stay as they are.
    @Test func kindsHaveTheirWords() {
        #expect(
            Diagnosis.Kind.allCases.map(\.rawValue) == [
                "gpu-memory", "gpu-missing", "gpu-fault", "driver", "host-memory", "port-taken", "model-missing",
                "offline",
                "credentials", "disk-full", "permission", "settings", "library", "worker-hung", "engine-died", "hung",
                "killed",
                "crash", "exit", "not-started", "unseen",
            ])
    }
}

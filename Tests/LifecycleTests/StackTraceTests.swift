import Lifecycle
import Testing

/// What `faulthandler` of Python 3.10 to 3.14 leaves of processes that were sent SIGABRT because they hung.
@Suite struct StackTraceTests {
    private let why = "3 health checks failed: no answer within 2 s"

    private func hung(_ lines: [String], exit: Exit? = .signal(6)) -> Diagnosis {
        diagnosis(lines, exit: exit, failure: why, wasReady: true)
    }

    /// As Python 3.11 to 3.13 write it.
    private let simple = """
        Fatal Python error: Aborted

        Thread 0x00007eff014be6c0 (most recent call first):
          File "/usr/local/lib/python3.11/threading.py", line 331 in wait
          File "/usr/local/lib/python3.11/threading.py", line 629 in wait
          File "/app/hang.py", line 6 in worker
          File "/usr/local/lib/python3.11/threading.py", line 982 in run

        Current thread 0x00007eff02225b80 (most recent call first):
          File "/app/hang.py", line 4 in wait_for_gpu
          File "/app/hang.py", line 9 in main
          File "/app/hang.py", line 11 in <module>

        Extension modules: numpy.core._multiarray_umath, torch._C (total: 2)
        """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)

    @Test func aHungProcessSaysWhere() {
        let result = hung(simple)
        #expect(result.kind == .hung)
        #expect(result.cause == why + "; it hung in wait_for_gpu (hang.py:4)")
        #expect(result.stack == ["wait_for_gpu (hang.py:4)", "main (hang.py:9)", "<module> (hang.py:11)"])
        #expect(result.canRetry)
    }

    @Test func aProcessThatWasTakenForHungInItsLoopSaysSo() {
        let result = hung([
            "Current thread 0x00007f9420fe3b80 (most recent call first):",
            "  File \"/usr/lib/python3.11/selectors.py\", line 468 in select",
            "  File \"/usr/lib/python3.11/asyncio/base_events.py\", line 1884 in _run_once",
            "  File \"<string>\", line 8 in <module>",
        ])
        #expect(result.cause == why + "; it waited for work in <module> (<string>:8)")
        #expect(result.stack.first == "select (selectors.py:468)")
    }

    /// API process, EngineCore and worker: the one that works (or waits for the device) is the one to tell of.
    @Test func ofSeveralProcessesTheOneThatDoesNotOnlyWait() {
        let packages = "/opt/venv/lib/python3.12/site-packages"
        let api = [
            "Fatal Python error: Aborted", "", "Thread 0x00007f0000000001 (most recent call first):",
            "  File \"\(packages)/vllm/usage/usage_lib.py\", line 260 in _report_continuous_usage", "",
            "Current thread 0x00007f0000000002 (most recent call first):",
            "  File \"/usr/lib/python3.12/asyncio/runners.py\", line 118 in run",
            "  File \"\(packages)/uvloop/__init__.py\", line 92 in run",
            "  File \"\(packages)/vllm/entrypoints/cli/serve.py\", line 156 in cmd", "",
        ]
        let core = [
            "Fatal Python error: Aborted", "", "Current thread 0x00007f0000000003 (most recent call first):",
            "  File \"\(packages)/vllm/distributed/device_communicators/shm_broadcast.py\", line 480 in acquire_read",
            "  File \"\(packages)/vllm/v1/executor/multiproc_executor.py\", line 300 in get_response", "",
        ]
        let worker = [
            "Fatal Python error: Aborted", "",
            "Current thread 0x00007f0000000004 [MainThread] (most recent call first):",
            "  File \"\(packages)/torch/cuda/streams.py\", line 231 in synchronize",
            // Another process' line in between.
            "(APIServer pid=1) ERROR 11-22 10:00:00 [async_llm.py:906] AsyncLLM output_handler failed.",
            "  File \"\(packages)/vllm/v1/worker/gpu_model_runner.py\", line 2500 in execute_model", "",
        ]
        for order in [api + core + worker, worker + core + api, core + worker + api] {
            let result = hung(order)
            #expect(result.cause == why + "; it hung in synchronize (torch/cuda/streams.py:231)")
            #expect(
                result.stack == [
                    "synchronize (torch/cuda/streams.py:231)",
                    "execute_model (vllm/v1/worker/gpu_model_runner.py:2500)",
                ])
        }
        #expect(
            hung(api + core).cause == why
                + "; it waited for another process in acquire_read "
                + "(vllm/distributed/device_communicators/shm_broadcast.py:480)")
        #expect(hung(api).cause == why + "; it waited for work in run (uvloop/__init__.py:92)")
    }

    /// What dies of our SIGABRT is not why we sent it.
    @Test func ourOwnSignalIsNoCause() {
        let result = hung(
            simple + [
                "(APIServer pid=1) ERROR 11-22 10:00:00 [core_client.py:600] Engine core proc EngineCore died "
                    + "unexpectedly.",
                "RuntimeError: CUDA error: unspecified launch failure",
            ])
        #expect(result.kind == .hung)
        #expect(result.evidence == nil)
    }

    @Test func aCrashSaysWhere() {
        let lines = [
            "Fatal Python error: Segmentation fault", "", "Current thread 0x00007fbf935bab80 (most recent call first):",
            "  File \"/usr/lib/python3.11/ctypes/__init__.py\", line 519 in string_at",
            "  File \"/app/x.py\", line 2 in <module>",
        ]
        let result = diagnosis(lines, exit: .signal(11))
        #expect(result.kind == .crash)
        #expect(result.cause == "killed by SIGSEGV; Segmentation fault in <module> (x.py:2)")
        #expect(result.stack.count == 2)
        // In a child, behind vLLM's prefix.
        let child = diagnosis(
            lines.map { "(EngineCore pid=7) " + $0 } + [
                "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue."
            ],
            exit: .code(0))
        #expect(child.kind == .engineDied)
        #expect(child.cause.hasSuffix(": its EngineCore died; Segmentation fault in <module> (x.py:2)"))
    }

    @Test func stacksAreBounded() {
        let deep = (0..<100).map { "  File \"/app/\(String(repeating: "d", count: 500)).py\", line \($0) in r" }
        let result = hung(["Current thread 0x00007f6e8e079b80 (most recent call first):"] + deep + ["  ..."])
        #expect(result.stack.count == 12)
        #expect(result.stack.allSatisfy { $0.count <= 200 })
        #expect(result.cause.count < 250)
    }

    @Test(arguments: [
        ["Thread 0x00007f6e8e079b80 (most recent call first):"],
        ["Current thread 0x00007f6e8e079b80 (most recent call first):", "  <no Python frame>"],
        ["  File \"/app/x.py\", line 3 in f"],
        [
            "Current thread 0x1 (most recent call first):", "  File \"/app/x.py\", line three in f", "  File \"x",
            "  File \"\"",
        ],
        ["Traceback (most recent call last):", "  File \"/app/x.py\", line 3, in f"],
        [
            "Current thread's C stack trace (most recent call first):",
            "  Binary file \"/usr/lib/libc.so.6\", at abort+0x26 [0x7f]",
        ],
    ])
    func noStack(_ lines: [String]) {
        let result = hung(lines)
        #expect(result.stack == [])
        #expect(result.cause == why)
    }
}

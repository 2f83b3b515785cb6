import ControlProtocol
import Health
import Testing

/// 2026-11-22 10:00:00 UTC.
private let now = 1_795_341_600.0

private func failure(_ cause: String, hint: String? = nil, ago: Double) -> ServiceState.Failure {
    .init(cause: cause, hint: hint, at: now - ago)
}

private func service(_ name: String, _ state: String, for seconds: Double = 60) -> ServiceState {
    ServiceState(name: name, state: state, since: now - seconds, pid: state == "ready" ? 42 : nil)
}

private func container(
    _ phase: ContainerState.Phase, reason: String = "", ready: Bool = false, held: Bool = false, progress: Double = 0,
    eta: Int? = nil, _ services: [ServiceState]
) -> ContainerState {
    ContainerState(
        revision: 7, phase: phase, ready: ready, startedOnce: phase == .ready || phase == .degraded, held: held,
        reason: reason, progress: progress, etaSeconds: eta, startedAt: now - 7200, services: services)
}

@Suite struct ExplanationTests {
    @Test func preloading() {
        var preload = service("preload", "starting", for: 90)
        preload.status = "downloading weights (12 %)"
        preload.readyBy = now + 600
        let state = container(
            .preloading, progress: 0.06, eta: 200, [preload, service("engine", "waiting"), service("api", "ready")])
        #expect(
            state.explanation(now: now).text
                == "preload has been starting for 90 s: downloading weights (12 %). 6 % of the start is done; about 3 min more. "
                + "If it is not ready by 10:10:00 UTC (in 10 min), that counts as a failed start. Nothing needs to be done yet."
        )
    }

    @Test func anEngineThatLoads() {
        var engine = service("engine", "starting", for: 30)
        engine.status = "loading weights (40 %)"
        let state = container(.starting, progress: 0.414, eta: 44, [engine, service("warmup", "waiting")])
        let explanation = state.explanation(now: now)
        #expect(explanation.service == "engine" && !explanation.ready)
        #expect(
            explanation.text
                == "engine has been starting for 30 s: loading weights (40 %). 41 % of the start is done; about 44 s more. "
                + "Nothing needs to be done yet.")
    }

    @Test func anEngineWithoutGPUMemory() {
        var engine = service("engine", "backoff", for: 8)
        engine.lastFailure = failure(
            "exited with status 1: CUDA out of memory", hint: "give it less: lower gpu-memory-utilization", ago: 8)
        engine.retryAt = now + 12
        engine.attempt = 2
        engine.attemptLimit = 5
        let state = container(.degraded, [engine, service("warmup", "waiting"), service("api", "ready")])
        #expect(
            state.explanation(now: now).text
                == "engine has not been running for 8 s. It failed 8 s ago (at 09:59:52 UTC): exited with status 1: CUDA out of "
                + "memory. It is started again in 12 s, at 10:00:12 UTC. This is try 2 of 5. What may help: give it less: "
                + "lower gpu-memory-utilization.")
        engine.attempt = 5
        #expect(
            container(.degraded, [engine]).explanation(now: now).next
                == "It is started again in 12 s, at 10:00:12 UTC. This is the last of 5 tries: after it coxswain gives up."
        )
    }

    @Test func aWarmUpThatWasReadWrong() {
        var engine = service("engine", "stopping", for: 3)
        engine.pid = 9
        let why = "it read the warm-up's page wrong (`Hallo` for `Hello`)"
        let state = container(.warming, reason: "engine is stopping: \(why)", [engine, service("warmup", "waiting")])
        #expect(
            state.explanation(now: now).what
                == "engine has been ending for 3 s: it read the warm-up's page wrong (`Hallo` for `Hello`).")
    }

    @Test func held() {
        var engine = service("engine", "failed", for: 300)
        engine.lastFailure = failure("exited with status 2: no such model", hint: "check the model's name", ago: 300)
        // Given up before what it needs is even there.
        let state = container(
            .failed, reason: "engine has failed", held: true, [service("preload", "starting"), engine])
        let text = state.explanation(now: now).text
        #expect(
            text.hasPrefix(
                "coxswain has given up on engine, 5 min ago (at 09:55:00 UTC), and the container stays for you to look at it"
            ))
        #expect(
            text.contains(
                "It failed 5 min ago (at 09:55:00 UTC): exited with status 2: no such model. No further try is made."))
        #expect(text.contains("What may help: check the model's name. Once the cause is gone, `coxswain start engine`"))
    }

    @Test func draining() {
        let state = container(
            .draining, reason: "asked to stop by SIGTERM", [service("engine", "stopped"), service("api", "ready")])
        #expect(
            state.explanation(now: now).text
                == "The container is being stopped: asked to stop by SIGTERM. Work under way is finished as far as the grace "
                + "allows; still running: api. Then coxswain exits. Nothing that is on the disk is lost: the next start of "
                + "the container goes on with it.")
        #expect(container(.stopped, []).explanation(now: now).what == "The container has stopped.")
    }

    @Test func aDiskThatIsLow() {
        let state = container(.ready, ready: true, [service("api", "ready", for: 3600)])
        let text = state.explanation(now: now, disks: [.init(folder: "/workspace/output", freeBytes: 12 << 20)]).text
        #expect(
            text
                == "The container is ready, and has been for 1 h. The disk is low: /workspace/output has 12 MiB left, so new "
                + "documents are refused with 507. Make room there, or mount a larger volume.")
    }

    @Test func ready() {
        var engine = service("engine", "ready", for: 900)
        engine.restarts = 2
        engine.lastFailure = failure("killed by SIGKILL", ago: 960)
        let explanation = container(.ready, ready: true, [engine, service("api", "ready", for: 7000)]).explanation(
            now: now)
        #expect(explanation.ready)
        #expect(
            explanation.text
                == "The container is ready, and has been for 15 min. engine was started again 2 times: its last failure "
                + "was 16 min ago: killed by SIGKILL.")
    }

    @Test func readyAfterSeveralHaveFailed() {
        var (engine, api) = (service("engine", "ready", for: 900), service("api", "ready", for: 600))
        (engine.restarts, api.restarts) = (2, 1)
        engine.lastFailure = failure("killed by SIGKILL", ago: 960)
        api.lastFailure = failure("its shim was killed", ago: 601)
        #expect(
            container(.ready, ready: true, [engine, api]).explanation(now: now).text
                == "The container is ready, and has been for 10 min. api was started again once: its last failure was 10 min "
                + "ago: its shim was killed. engine was started again 2 times: its last failure was 16 min ago: killed by "
                + "SIGKILL.")
    }

    @Test func healedWhileItCountsAsReady() {
        let state = container(.degraded, ready: true, [service("engine", "starting", for: 1), service("api", "ready")])
        let explanation = state.explanation(now: now)
        #expect(explanation.ready)
        #expect(
            explanation.what.hasPrefix(
                "The container still counts as ready (`unready-after`), and is being healed. engine"))
    }

    @Test func stoppedByAnOperator() {
        let text = container(.degraded, [service("engine", "stopped", for: 60)]).explanation(now: now).text
        #expect(text.contains("was stopped by an operator") && text.contains("`coxswain start engine` does."))
    }

    /// Whatever the state: one paragraph, nothing unfinished, no number that is none.
    @Test(arguments: ContainerState.Phase.allCases)
    func neverStrange(phase: ContainerState.Phase) {
        for name in ServiceState.states + ["something else"] {
            for bare in [true, false] {
                var one = service("engine", name, for: bare ? 0 : -5)
                if !bare {
                    one.lastFailure = failure("it broke.", ago: -3)
                    one.retryAt = now - 5
                    one.readyBy = now - 1
                }
                for services in [[], [one]] {
                    for held in [true, false] {
                        let state = container(
                            phase, reason: bare ? "" : "engine is \(name)", ready: phase == .ready, held: held,
                            progress: bare ? 0 : 7, eta: bare ? nil : -1, services)
                        let text = state.explanation(now: now).text
                        #expect(text.hasSuffix(".") && !text.contains("\n") && !text.contains(".."), "\(text)")
                        #expect(!text.contains("-") || !text.contains(" -"), "\(text)")
                        #expect(text.count > 20)
                    }
                }
            }
        }
    }
}

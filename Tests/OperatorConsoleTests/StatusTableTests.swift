import Health
import OperatorConsole
import Testing

private let now = 10_000.0

private var state: ContainerState {
    var engine = ServiceState(name: "engine", state: "backoff", since: now - 8, restarts: 2)
    engine.lastFailure = .init(cause: "killed by SIGKILL", hint: nil, at: now - 8)
    engine.retryAt = now + 12
    engine.attempt = 2
    engine.attemptLimit = 5
    var api = ServiceState(name: "api", state: "ready", since: now - 7000, pid: 1234)
    api.memoryBytes = 64 << 20
    return ContainerState(
        revision: 3, phase: .degraded, startedOnce: true,
        reason: "engine waits to be started again after it failed: killed by SIGKILL",
        progress: 0.41, etaSeconds: 44, startedAt: now - 7980, services: [engine, api], facts: Facts(version: "0.1.0"))
}

@Suite struct StatusTableTests {
    @Test func forAPipe() {
        #expect(
            StatusTable.lines(state, now: now, on: Terminal()).joined(separator: "\n")
                == """
                degraded, up 2 h 13 min, coxswain 0.1.0
                engine waits to be started again after it failed: killed by SIGKILL
                [############------------------] 41 %, about 44 s more

                SERVICE  STATE         SINCE   PID  MEMORY  RESTARTS  LAST FAILURE
                engine   backoff         8 s     -       -         2  again in 12 s (2 of 5); 8 s ago: killed by SIGKILL
                api      ready    1 h 56 min  1234  64 MiB         0  -
                """)
    }

    @Test(arguments: [1, 10, 40, 80, 200])
    func fitsTheWindow(columns: Int) {
        let terminal = Terminal(isTerminal: true, color: false, size: .init(columns: columns, rows: 24))
        for line in StatusTable.lines(state, now: now, on: terminal) {
            #expect(Printable.width(line) <= max(columns, 8))
        }
    }

    @Test func coloursAreOnlyPaint() {
        let size = Terminal.Size(columns: 60, rows: 24)
        let plain = StatusTable.lines(state, now: now, on: Terminal(isTerminal: true, color: false, size: size))
        let painted = StatusTable.lines(state, now: now, on: Terminal(isTerminal: true, color: true, size: size))
        #expect(painted != plain)
        #expect(painted.map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") } == plain)
    }

    @Test func whatAServiceSaysIsHarmless() {
        var state = state
        state.services[0].lastFailure?.cause = "bad \u{1B}]0;title\u{7}\nnext"
        state.reason = "\u{9B}2J"
        let text = StatusTable.lines(state, now: now, on: Terminal(isTerminal: true, color: true, size: nil)).joined()
        #expect(!text.contains("\u{1B}]") && !text.contains("\u{7}") && !text.contains("\u{9B}"))
    }

    @Test func aLineForEachChangeAndNotForEachSecond() {
        var next = state
        next.progress = 0.5
        next.etaSeconds = 30
        #expect(!StatusTable.isNews(next, after: state))
        #expect(StatusTable.isNews(state, after: nil))
        next.services[0].state = "starting"
        #expect(StatusTable.isNews(next, after: state))
        var loading = state
        loading.reason = "engine is starting: loading weights (40 %)"
        var further = loading
        further.reason = "engine is starting: loading weights (41 %)"
        #expect(!StatusTable.isNews(further, after: loading))
        #expect(
            StatusTable.line(state, now: 1_795_341_600).hasPrefix(
                "10:00:00 degraded engine=backoff api=ready: engine waits"))
    }
}

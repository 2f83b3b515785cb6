import Health
import OperatorConsole
import Testing

private func service(_ state: String, since: Double = 10, pid: Int32? = nil, restarts: Int = 0) -> ServiceState {
    ServiceState(name: "engine", state: state, since: since, pid: pid, restarts: restarts)
}

private func container(
    _ service: ServiceState, phase: ContainerState.Phase = .degraded, held: Bool = false
) -> ContainerState {
    ContainerState(phase: phase, held: held, reason: "why", services: [service])
}

private func isReached(_ outcome: CommandGoal.Outcome?) -> Bool? {
    switch outcome {
    case .reached: true
    case .missed: false
    case nil: nil
    }
}

@Suite struct CommandGoalTests {
    @Test func aRestartIsANewInstance() {
        let goal = CommandGoal("restart", before: service("ready", since: 10, pid: 7))
        #expect(goal.judge(container(service("ready", since: 10, pid: 7))) == nil)
        #expect(goal.judge(container(service("stopping", since: 20, pid: 7))) == nil)
        #expect(goal.judge(container(service("starting", since: 21, pid: 9, restarts: 1))) == nil)
        #expect(
            goal.judge(container(service("ready", since: 25, pid: 9, restarts: 1)))
                == .reached("engine is ready (pid 9)"))
        // It crashed on the way and is tried again: that is not the end.
        #expect(goal.judge(container(service("backoff", since: 22, restarts: 1))) == nil)
        #expect(
            isReached(goal.judge(container(service("failed", since: 30, restarts: 5), phase: .failed, held: true)))
                == false)
    }

    @Test func whatHadNotRunYetIsRestartedByItsFirstStart() {
        let goal = CommandGoal("restart", before: service("stopped", since: 10))
        #expect(goal.judge(container(service("waiting", since: 11))) == nil)
        #expect(isReached(goal.judge(container(service("ready", since: 12, pid: 4)))) == true)
    }

    @Test func aTaskIsDoneAgain() {
        let goal = CommandGoal("restart", before: service("done", since: 10))
        #expect(goal.judge(container(service("done", since: 10))) == nil)
        #expect(isReached(goal.judge(container(service("done", since: 20, restarts: 1)))) == true)
    }

    @Test func whatRunsIsStartedAlready() {
        let goal = CommandGoal("start", before: service("ready", since: 10, pid: 7))
        #expect(goal.judge(container(service("ready", since: 10, pid: 7))) == .reached("engine is running already"))
    }

    @Test func aStartThatIsGivenUp() {
        let goal = CommandGoal("start", before: service("failed", since: 10))
        // What it was before is no verdict on this start.
        #expect(goal.judge(container(service("failed", since: 10), phase: .failed, held: true)) == nil)
        #expect(isReached(goal.judge(container(service("failed", since: 60), phase: .failed, held: true))) == false)
    }

    @Test func stops() {
        let goal = CommandGoal("stop", before: service("ready", since: 10, pid: 7))
        #expect(goal.judge(container(service("stopping", since: 20, pid: 7))) == nil)
        #expect(goal.judge(container(service("stopped", since: 21))) == .reached("engine has stopped"))
        let done = CommandGoal("stop", before: service("done"))
        #expect(done.judge(container(service("done"))) == .reached("engine was not running (done)"))
    }

    @Test func theContainerStopsMeanwhile() {
        let goal = CommandGoal("restart", before: service("ready", pid: 7))
        let state = container(service("stopping", since: 20, pid: 7), phase: .draining)
        #expect(goal.judge(state) == .missed("the container is stopping: why"))
        #expect(
            isReached(
                CommandGoal("stop", before: service("ready", pid: 7)).judge(
                    container(service("stopped"), phase: .draining))) == true)
        let gone = ContainerState(phase: .ready, services: [])
        #expect(isReached(goal.judge(gone)) == false)
    }
}

import Health
import Lifecycle
import Testing

/// What goes over the wire as a word is the same word on both sides.
@Suite struct StateNamesTests {
    @Test func metricsKnowEveryStateAndPhase() {
        #expect(Set(ServiceState.states) == Set(ServiceMachine.State.Name.allCases.map(\.rawValue)))
        #expect(Set(ContainerState.Phase.allCases.map(\.rawValue)) == Set(Phase.allCases.map(\.rawValue)))
    }
}

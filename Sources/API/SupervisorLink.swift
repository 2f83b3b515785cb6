package import ControlProtocol
package import EngineClient
import Health
package import Pipeline
import PublicPort
import TimeOfDay

/// Follows PID 1: its word becomes the view's content and the engine gate's position, and is acknowledged once both
/// have taken effect.
package struct SupervisorLink: Sendable {
    private let client: ControlClient
    private let view: ContainerView
    private let engine: EngineClient
    /// Opens with the first state.
    package let firstHeard = Latch()

    package init(client: ControlClient, view: ContainerView, engine: EngineClient) {
        self.client = client
        self.view = view
        self.engine = engine
        // Closed until PID 1 says that there is an engine.
        engine.setGate(open: false)
    }

    /// Runs until the task is cancelled.
    package func run() async {
        for await state in client.states() {
            let isNew = view.hear(state, at: WallClock.now())
            if isNew { engine.setGate(open: state.engineProven, crashes: state.engineCrashes) }
            firstHeard.open()
            if isNew { await client.acknowledge(revision: state.revision) }
        }
    }
}

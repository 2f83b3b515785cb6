import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A start says how far it is, may take as long as it moves, and no longer.
    @Suite(.serialized) struct Starts {
        @Test func progressIsShownAndNeverTurnsBack() throws {
            let container = try Container(
                settings: StandInEngine.service(answer: "read")
                    + "\n[service.warmup]\nenvironment = { COXSWAIN_WARMUP_MAX_ERROR = \"off\" }",
                environment: ["COXSWAIN_ENGINE": "vllm"])
            try container.folder.write("engine-port", "\(container.enginePort)")
            var seen: [Container.Health] = []
            #expect(
                eventually(within: 60) {
                    guard let health = container.health else { return false }
                    if health.phase != "ready" { seen.append(health) }
                    return health.phase == "ready"
                }, "\(container.log)")
            #expect(seen.contains { $0.reason?.contains("engine is starting: loading weights") == true })
            #expect(seen.contains { $0.phase == "warming" })
            for (earlier, later) in zip(seen, seen.dropFirst()) {
                #expect(later.progress >= earlier.progress)
                if let before = earlier.eta_seconds, let after = later.eta_seconds { #expect(after <= before) }
            }
            #expect(seen.allSatisfy { $0.progress < 1 && $0.eta_seconds ?? 1 > 0 })
            // Once a step, not once a line.
            #expect(container.count("engine: loading weights") == 1)
            let starts = "\(container.folder.path)/output/.coxswain/starts.json"
            #expect(eventually { FileManager.default.fileExists(atPath: starts) })
        }

        @Test func aStartThatStallsIsStoppedWhereItHangs() throws {
            let container = try Container(
                settings: StandInEngine.service(
                    keys: #"""
                        ready = { stall = "1500ms" }
                        restart = { backoff = ["0s", "50ms", "50ms"], failed-starts = 1 }
                        """#), environment: ["COXSWAIN_ENGINE": "vllm"])
            try container.folder.write("engine-port", "\(container.enginePort)")
            try container.folder.write("slow-start", "")
            #expect(try container.exitCode() == 75)
            #expect(
                container.logged("its start made no progress for 1.5 s; it was loading weights (25 %)"),
                "\(container.log)")
        }

        @Test func theWholeStartHasItsLimit() throws {
            let container = try Container(
                settings: "start-within = \"2s\"\n"
                    + StandInEngine.service(
                        keys: #"restart = { backoff = ["0s", "50ms", "50ms"], failed-starts = 0 }"#),
                environment: ["COXSWAIN_ENGINE": "vllm"])
            try container.folder.write("engine-port", "\(container.enginePort)")
            try container.folder.write("slow-start", "")
            #expect(try container.exitCode() == 75)
            #expect(container.logged("the container was not ready within"), "\(container.log)")
        }
    }
}

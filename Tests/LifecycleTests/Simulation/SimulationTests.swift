import Foundation
import Lifecycle
import Testing

/// Ten thousand lives of a container, each decided by its seed; `COXSWAIN_SEED=4711` lives one again and prints its trace.
@Suite struct SimulationTests {
    /// A debug build takes some twenty times as long for a life.
    static let lives: UInt64 = {
        #if DEBUG
        1000
        #else
        10_000
        #endif
    }()

    @Test(.disabled(if: replayed != nil)) func everyInvariantHoldsInEveryLife() async {
        let begun = ContinuousClock.now
        let result = await Simulation.live(0..<Self.lives)
        let coverage = result.coverage
        print(
            "\(coverage.lives) lives, \(coverage.events) events in \((ContinuousClock.now - begun).readable)")
        // The first life of each kind of failure.
        for invariant in Invariant.allCases {
            let failures = result.failures.filter { $0.violation.invariant == invariant }
            guard let first = failures.first else { continue }
            Issue.record("\(first)\n\(failures.count) lives failed so")
        }
        // Fewer lives may lack something.
        if result.failures.isEmpty, Self.lives >= 10_000 { expectCoverage(coverage) }
    }

    @Test(.enabled(if: replayed != nil)) func oneLifeAgain() throws {
        let seed = try #require(Self.replayed)
        var world = SimulatedWorld(seed: seed, isTraced: true)
        let violation = world.live()
        print((world.trace ?? []).joined(separator: "\n"))
        #expect(violation == nil)
    }

    static let replayed = ProcessInfo.processInfo.environment["COXSWAIN_SEED"].flatMap { UInt64($0) }

    /// A simulation proves nothing about what does not occur in it.
    private func expectCoverage(_ coverage: Coverage) {
        for (from, targets) in ServiceMachine.transitions {
            for to in targets where !coverage.arrows.contains(.init(from: from, to: to)) {
                Issue.record("no service went from \(from) to \(to)")
            }
        }
        for (from, targets) in Phase.transitions {
            for to in targets where !coverage.phases.contains(.init(from: from, to: to)) {
                Issue.record("no container went from \(from) to \(to)")
            }
        }
        #expect(coverage.actions.rare(below: 10) == [], "hardly ever wanted")
        #expect(coverage.reports.rare(below: 10) == [], "hardly ever reported")
        #expect(coverage.occurrences.rare(below: 10) == [], "hardly ever happened")
        for code in [ExitCode.stopped, .hopeless, .budgetSpent, .settings] where coverage.codes[code, default: 0] < 10 {
            Issue.record("no container left with \(code)")
        }
    }
}

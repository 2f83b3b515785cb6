import Models
import Testing

@Suite struct LeaseSimulationTests {
    private static func lives(
        _ seeds: Range<UInt64>, _ terms: LeaseTerms = LeaseTerms(), usesLocks: Bool
    ) -> [(seed: UInt64, outcome: LeaseSimulation.Outcome)] {
        seeds.map { seed in
            var simulation = LeaseSimulation(seed: seed, terms: terms, usesLocks: usesLocks)
            simulation.run(until: 900_000)
            return (seed, simulation.outcome)
        }
    }

    @Test(arguments: [false, true])
    func neverTwoAtOnce(usesLocks: Bool) {
        let lives = Self.lives(0..<300, usesLocks: usesLocks)
        for life in lives {
            #expect(life.outcome.violations == [], "seed \(life.seed)")
            #expect(life.outcome.endsHeld, "seed \(life.seed): nobody has it in the end")
        }
        // The world is bad enough for all of it to happen.
        #expect(lives.contains { $0.outcome.acquisitions > 0 })
        #expect(lives.reduce(0) { $0 + $1.outcome.losses } > 100)
        #expect(lives.reduce(0) { $0 + $1.outcome.successions } > 500)
        #expect((lives.reduce(0) { $0 + $1.outcome.inheritances } > 500) == usesLocks)
    }

    /// What the simulation is for: each of these is wrong, and it must show.
    @Test(arguments: ["no settling", "settles too shortly", "believes too long"])
    func plantedFaultsAreFound(fault: String) {
        var terms = LeaseTerms()
        switch fault {
        case "no settling": terms.settling = .zero
        case "settles too shortly": terms.settling = .seconds(5)
        default: terms.belief = .seconds(60)
        }
        let isFound = (0..<300).contains {
            !Self.lives($0..<($0 + 1), terms, usesLocks: false)[0].outcome.violations.isEmpty
        }
        #expect(isFound)
    }
}

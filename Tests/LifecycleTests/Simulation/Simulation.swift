import Lifecycle

/// Lives many lives, on all cores.
enum Simulation {
    struct Failure: Sendable, CustomStringConvertible {
        var seed: UInt64
        var violation: Violation

        var description: String {
            """
            seed \(seed): \(violation)
            to live that life again, with its trace:
                COXSWAIN_SEED=\(seed) swift test -c release --skip-build --filter SimulationTests
            """
        }
    }

    struct Result: Sendable {
        var coverage = Coverage()
        var failures: [Failure] = []
    }

    /// - Returns: what happened, and the failures by seed.
    static func live(_ seeds: Range<UInt64>, fault: PlantedFault? = nil) async -> Result {
        let chunk: UInt64 = 250
        return await withTaskGroup(of: Result.self) { group in
            for first in stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(chunk)) {
                group.addTask { liveInTurn(first..<min(first + chunk, seeds.upperBound), fault: fault) }
            }
            var all = Result()
            for await part in group {
                all.coverage.add(part.coverage)
                all.failures += part.failures
            }
            all.failures.sort { $0.seed < $1.seed }
            return all
        }
    }

    private static func liveInTurn(_ seeds: Range<UInt64>, fault: PlantedFault?) -> Result {
        var result = Result()
        for seed in seeds {
            var world = SimulatedWorld(seed: seed, fault: fault)
            if let violation = world.live() { result.failures.append(Failure(seed: seed, violation: violation)) }
            result.coverage.add(world.checker.coverage)
        }
        return result
    }

    /// - Returns: the first failure among these seeds.
    static func firstFailure(_ seeds: Range<UInt64>, fault: PlantedFault) -> Failure? {
        for seed in seeds {
            var world = SimulatedWorld(seed: seed, fault: fault)
            if let violation = world.live() { return Failure(seed: seed, violation: violation) }
        }
        return nil
    }
}

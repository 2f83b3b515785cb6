import Foundation
import Lifecycle
import Testing

/// The simulation catches what it is there to catch.
@Suite struct PlantedFaultTests {
    static let seeds: Range<UInt64> = 0..<1000

    @Test(arguments: PlantedFault.allCases) func isCaughtWithinAThousandLives(_ fault: PlantedFault) throws {
        let failure = try #require(Simulation.firstFailure(Self.seeds, fault: fault), "\(fault) went unnoticed")
        print("\(fault): seed \(failure.seed): \(failure.violation)")
    }

    @Test func withoutAFaultNoneOfThemFails() async {
        let result = await Simulation.live(Self.seeds)
        #expect(result.failures.map(\.description) == [])
    }

    @Test func atLeastTenMistakesAreKnown() {
        #expect(PlantedFault.allCases.count >= 10)
    }

    /// What only tests may set, no program sets.
    @Test func nobodyElsePlantsOne() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources").standardizedFileURL
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var read = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            guard file.deletingLastPathComponent().lastPathComponent != "Lifecycle" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            guard text.contains(/^(package |public )?import Lifecycle$/.anchorsMatchLineEndings()) else { continue }
            let plants = text.contains("PlantedFault") || text.contains(/\bfault:/)
            #expect(!plants, "\(file.path) plants a fault")
            read += 1
        }
        #expect(read > 0)
    }
}

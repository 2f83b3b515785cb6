import Foundation
import Lifecycle
import Testing

/// The drawings in `States.md` and the tables in the code are the same.
@Suite struct StatesTests {
    private struct Arrow: Hashable, CustomStringConvertible {
        var from: String
        var to: String
        var description: String { "\(from) → \(to)" }
    }

    /// The arrows of each drawing, in the file's order, and where each one begins.
    private static func drawings() throws -> [(beginning: String?, arrows: [Arrow])] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Lifecycle/States.md").standardizedFileURL
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "```mermaid\n").dropFirst().map { part in
            let drawing = part.components(separatedBy: "```").first ?? ""
            var beginning: String?
            var arrows: [Arrow] = []
            for line in drawing.split(separator: "\n") {
                let ends = line.components(separatedBy: "-->")
                guard ends.count == 2 else { continue }
                let from = ends[0].trimmingCharacters(in: .whitespaces)
                let to = (ends[1].components(separatedBy: ":").first ?? "").trimmingCharacters(in: .whitespaces)
                if from == "[*]" { beginning = to } else { arrows.append(Arrow(from: from, to: to)) }
            }
            return (beginning, arrows)
        }
    }

    private func expect(_ drawn: [Arrow], _ table: [Arrow]) {
        #expect(Set(drawn).count == drawn.count, "an arrow is drawn twice")
        #expect(Set(drawn).subtracting(table).isEmpty, "drawn, and not in the code")
        #expect(Set(table).subtracting(drawn).isEmpty, "in the code, and not drawn")
    }

    @Test func everyArrowOfAServiceIsDrawn() throws {
        let drawings = try Self.drawings()
        try #require(drawings.count == 2)
        #expect(drawings[0].beginning == ServiceMachine.State.waiting.name.rawValue)
        expect(
            drawings[0].arrows,
            ServiceMachine.transitions.flatMap { from, all in all.map { Arrow(from: from.rawValue, to: $0.rawValue) } })
    }

    @Test func everyArrowOfTheContainerIsDrawn() throws {
        let drawings = try Self.drawings()
        try #require(drawings.count == 2)
        let machine = ContainerMachine([], policy: ContainerPolicy(), seed: 1, at: Instant(.zero))
        #expect(drawings[1].beginning == machine.phase.rawValue)
        expect(
            drawings[1].arrows,
            Phase.transitions.flatMap { from, all in all.map { Arrow(from: from.rawValue, to: $0.rawValue) } })
    }

    @Test func everyStateHasItsRowInTheTables() {
        #expect(Set(ServiceMachine.transitions.keys) == Set(ServiceMachine.State.Name.allCases))
        #expect(Set(Phase.transitions.keys) == Set(Phase.allCases))
    }
}

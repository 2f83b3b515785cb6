import Foundation
import Lifecycle
import OperatorConsole
import Preload
import TestSupport
import Testing

/// docs/reference/exit-status.md has every status, and no other.
@Suite struct ExitStatusPageTests {
    /// The numbers of the tables below a heading.
    private func statuses(below heading: String) throws -> Set<Int32> {
        let sections = try RepositoryFile.text("docs/reference/exit-status.md").components(separatedBy: "\n## ")
        let section = try #require(sections.first { $0.hasPrefix("\(heading)\n") }, "## \(heading)")
        return Set(
            section.matches(of: /\n\| ([\d, ]+) \|/).flatMap { $0.1.split(separator: ",") }.compactMap {
                Int32($0.trimmingCharacters(in: .whitespaces))
            })
    }

    @Test func ofTheContainer() throws {
        #expect(try statuses(below: "The container") == Set((0...255).filter { ExitCode(rawValue: $0) != nil }))
    }

    @Test func ofCommands() throws {
        let known = Set((1...255).filter { ConsoleFailure.Code(rawValue: $0) != nil })
        // 0 is fine, and `check` and `config` have the container's word for wrong settings.
        #expect(try statuses(below: "Commands") == known.union([0, ExitCode.settings.rawValue]))
    }

    @Test func ofPreload() throws {
        let known = Set((0...255).filter { PreloadExit(rawValue: $0) != nil })
        // What ends it by a signal is told as a shell does.
        #expect(try statuses(below: "coxswain-preload") == known.union([130, 143]))
    }
}

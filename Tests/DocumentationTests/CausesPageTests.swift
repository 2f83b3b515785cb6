import Foundation
import Lifecycle
import TestSupport
import Testing

/// docs/reference/causes.md lists what diagnosis knows, and says of each kind what to do.
@Suite(.serialized) struct CausesPageTests {
    private static let page = "docs/reference/causes.md"

    /// Of an end that nothing but its exit tells of.
    private struct Plain {
        var exit: Exit
        var evidence = Evidence()
        var failure: String?

        var diagnosis: Diagnosis { .of(exit: exit, failure: failure, wasReady: false, evidence: evidence) }
    }

    /// One of each that `Diagnosis` tells apart.
    private static let plain: [Plain] =
        ([0, 1, 78, 126, 127].map { .code($0) } + [4, 6, 7, 9, 11, 15, 24, 31].map { .signal($0) }).map {
            Plain(exit: $0)
        }
        + [
            Plain(exit: .notStarted("/opt/engine: No such file or directory")),
            Plain(exit: .notStarted("port 8080: Address already in use")), Plain(exit: .unseen),
            Plain(exit: .signal(9), evidence: Evidence(outOfMemoryKills: 1)),
        ]
        + [
            "it was not ready within 540 s", "its start made no progress for 180 s",
            "the container was not ready within 540 s", "3 health checks failed: no answer within 2 s",
        ].map { Plain(exit: .signal(9), failure: $0) }

    private static func table(_ kind: Diagnosis.Kind) -> String {
        var rows = ["| cause | told by | again? | hint |", "| --- | --- | --- | --- |"]
        for known in Diagnosis.knownCauses where known.kind == kind {
            let phrases = known.phrases.map {
                $0.map { "`\($0.trimmingCharacters(in: .whitespaces))`" }.joined(separator: " with ")
            }
            let codes =
                known.codes.isEmpty ? "" : "exit status \(known.codes.map(String.init).joined(separator: ", ")), "
            rows.append(row(known.cause, codes + phrases.joined(separator: "; "), known.canRetry, known.hint))
        }
        for diagnosis in plain.map(\.diagnosis) where diagnosis.kind == kind {
            rows.append(row(diagnosis.cause, "its end", diagnosis.canRetry, diagnosis.hint ?? ""))
        }
        return rows.joined(separator: "\n")
    }

    private static func row(_ cause: String, _ told: String, _ canRetry: Bool, _ hint: String) -> String {
        "| "
            + [cause, told, canRetry ? "yes" : "no", hint].map { $0.replacing("|", with: "\\|") }.joined(
                separator: " | ")
            + " |"
    }

    @Test(arguments: Diagnosis.Kind.allCases) func tables(_ kind: Diagnosis.Kind) throws {
        let isInPlace = try GeneratedText.isInPlace(Self.table(kind), in: Self.page, at: kind.rawValue)
        #expect(isInPlace, "\(Self.page): \(GeneratedText.hint)")
    }

    @Test func everyKindSaysWhatToDo() throws {
        let text = try RepositoryFile.text(Self.page)
        let sections = text.components(separatedBy: "\n## ").dropFirst()
        let kinds = Diagnosis.Kind.allCases.map(\.rawValue)
        #expect(sections.map { String($0.prefix { $0 != "\n" }) } == kinds)
        for section in sections {
            let prose = section.split(separator: "\n").dropFirst().prefix { !$0.hasPrefix("<!--") }
            #expect(prose.joined().count > 60, "\(section.prefix(20))")
        }
        // There is nothing of a kind that nobody ever says.
        for kind in Diagnosis.Kind.allCases {
            let isSaid =
                Diagnosis.knownCauses.contains { $0.kind == kind }
                || Self.plain.contains { $0.diagnosis.kind == kind }
            #expect(isSaid, "\(kind)")
        }
        #expect(Diagnosis.knownCauses.count > 35)
    }
}

import Foundation
import TestSupport
import Testing

/// Names that lead where their owner wants at that moment: with a name server, a web server and an inside of their own, in
/// network and mount namespaces.
@Suite(.timeLimit(.minutes(2)))
struct InternetTests {
    private static let refused =
        "refused the URL's host, or one that it sends on to, has no address that this server may connect to"

    @Test(.enabled(if: geteuid() == 0, "needs root for network and mount namespaces"))
    func namesThatLeadInwardAreRefused() throws {
        let expected = [
            ("http://public.test/document", "ok 27"),
            // The first answer is a public address, every later one is not: what was checked is what is connected to.
            ("http://rebind.test/document", "ok 27"),
            ("http://rebind.test:8080/", Self.refused),
            ("http://rebind.test/document", Self.refused),
            ("http://mixed.test/document", Self.refused),
            ("http://mixed.test:8080/", Self.refused),
            ("http://mixed-six.test:8080/", Self.refused),
            ("http://inside.test:8080/", Self.refused),
            // Nobody listens there, or nobody is there, or there is no such name.
            ("http://inside.test:1/", Self.refused),
            ("http://neighbour.test:8080/", Self.refused),
            ("http://nothing.test:8080/", Self.refused),
            ("http://metadata.test/", Self.refused),
            ("http://mapped.test:8080/", Self.refused),
            ("http://translated.test:8080/", Self.refused),
            ("http://zero.test:8080/", Self.refused),
            // A public address, but this machine's own.
            ("http://own.test:8080/", Self.refused),
            ("http://93.184.215.14:8080/", Self.refused),
            ("http://public.test/to-self", "ok 27"),
            ("http://public.test/to-inside", Self.refused),
            ("http://public.test/to-literal", Self.refused),
            ("http://public.test/to-closed", Self.refused),
            ("http://public.test/to-neighbour", Self.refused),
            ("http://public.test/to-nothing", Self.refused),
            ("http://public.test/to-file", Self.refused),
        ]
        let folder = try TestFolder()
        let internet = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "internet.py").path
        let result = try Shell.run(
            "unshare",
            [
                "--net", "--mount", "python3", internet, folder.path, Programs.path("DocumentFetch"),
                "\(folder.path)/state",
            ]
                + expected.map(\.0))
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.count == expected.count && result.status == 0, "\(result.output) \(result.errors)")
        for (line, (url, outcome)) in zip(lines, expected) { #expect(line == outcome, "\(url)") }
        // Nobody knocked there, the environment's proxy included.
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/inside"))
    }
}

import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Documents that others wrote to try their own readers, through the whole container.
    @Suite(.serialized) struct Corpus {
        /// The folder with the files; nil when they cannot be had.
        private static let folder: String? = {
            guard let fetched = try? Shell.run("etc/test/corpus/fetch", []), fetched.status == 0 else { return nil }
            return fetched.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }()

        private static var documents: [String] {
            let names = folder.flatMap { FileManager.default.enumerator(atPath: $0) }
            return (names ?? .init()).compactMap { $0 as? String }.filter { $0.lowercased().hasSuffix(".pdf") }.sorted()
        }

        @Test(
            .enabled(
                if: folder != nil, "the corpus cannot be fetched: run etc/test/corpus/fetch to see what it says"),
            .timeLimit(.minutes(15)))
        func everyPDFEndsInAResultOrAClearError() throws {
            let container = try Container(
                settings: FingerprintEngine.services(answer: 0),
                environment: FingerprintEngine.environment.merging(["COXSWAIN_MAX_PAGES": "30"]) { $1 })
            try container.waitUntilReady()
            let api = container.running("coxswain-ocr", "serve")
            let (folder, port) = (try #require(Self.folder), container.port)
            let documents = Self.documents
            try #require(documents.count >= 100)
            let readers = 4
            let answers = Crowd.run(readers) { reader in
                try stride(from: reader, to: documents.count, by: readers).map { index in
                    let path = "\(folder)/\(documents[index])"
                    let result = try Shell.run(
                        "curl",
                        [
                            "-sS", "-m", "240", "-w", "\n%{http_code}", "-F", "file=@\"\(path)\"",
                            "http://127.0.0.1:\(port)/ocr/pdf",
                        ])
                    return (documents[index], result.output)
                }
            }
            var statuses: [Substring: Int] = [:]
            for (document, output) in try answers.flatMap({ try $0.get() }) {
                let status = output.suffix(3)
                statuses[status, default: 0] += 1
                #expect(["200", "400", "413", "422", "502"].contains(status), "\(document): \(output.suffix(300))")
                let said = status == "200" ? "\"markdown\"" : "\"detail\""
                #expect(output.contains(said), "\(document): \(output.suffix(300))")
            }
            print("\(documents.count) documents: \(statuses.sorted { $0.key < $1.key })")
            #expect(container.running("coxswain-ocr", "serve") == api)
            #expect(container.folder.names(in: "output/.coxswain/spool") == [])
        }
    }
}

import API
import FoundationEssentials
import Pipeline
import TestSupport
import Testing

/// Documents through the whole api: real renderers, an engine that answers as told.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RecognitionTests {
    @Test func answersADocumentWithItsTextItsPagesAndItsFiles() async throws {
        try await RunningAPI.serving { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 3), fileName: "My scan.pdf")
            #expect(exchange.status == 200)
            #expect(exchange.headers["content-type"] == "application/json")
            #expect(exchange.headers["server"] == "coxswain")
            #expect(exchange.headers["date"]?.hasSuffix("GMT") == true)
            let answer = try exchange.answer()
            #expect(answer.status == "success")
            #expect(answer.detail == nil)
            #expect(answer.input_file == "My scan.pdf")
            #expect(answer.pages_processed == 3)
            #expect(answer.pages.map(\.number) == [1, 2, 3])
            #expect(answer.pages.allSatisfy { $0.outcome == "ok" && $0.width > 0 })
            #expect(Set(answer.pages.map(\.text)) == ["text 1", "text 2", "text 3"])
            #expect(answer.markdown.contains("<!-- page 2 -->"))
            #expect(answer.model == "stand-in")
            #expect(answer.vllm_used == false)
            #expect(answer.schema_version == 1)
            #expect(answer.id.count == 32)
            #expect(exchange.headers["x-request-id"]?.count == 32)
            #expect(Set(answer.timings.keys) == ["waiting_ms", "reading_ms", "total_ms"])
            let files = try #require(answer.local_files)
            #expect(files.markdown.hasSuffix("_My scan.md"))
            #expect(try String(contentsOfFile: files.markdown, encoding: .utf8) == answer.markdown)
            // The file is the answer, byte for byte.
            #expect(try String(contentsOfFile: files.json, encoding: .utf8) == exchange.body)
            #expect(api.folder.names(in: "state/spool") == [])
        }
    }

    /// etc/schema/result.json is a contract: whole pages, blocks, pages that failed, results without files.
    @Test(arguments: [false, true]) func theResultIsAsItsSchemaSays(readsBlocks: Bool) async throws {
        let engine = StandInEngine { $0 == 2 ? .status(400) : .text("half", finishReason: $0 == 1 ? "length" : "stop") }
        let folder = try TestFolder()
        try await RunningAPI.serving(
            engine: engine, change: { $0.pipeline.readsBlocks = readsBlocks }, folder: folder
        ) { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 4))
            #expect(exchange.status == 200)
            #expect(exchange.body.contains("\"blocks\":[{\"box\":{") == readsBlocks)
            let failed = try await api.post(Documents.pdf(pages: 1), fileName: "\u{1F600}\t'x'.pdf")
            for (index, body) in [exchange.body, failed.body].enumerated() {
                let file = try folder.write("answer-\(index).json", body)
                // Debian's own: another python3 may come first.
                let check = try await RunningAPI.blocking {
                    try Shell.run("/usr/bin/python3", ["-m", "jsonschema", "-i", file, "etc/schema/result.json"])
                }
                #expect(check.status == 0, "\(check.output) \(check.errors)")
            }
        }
    }

    @Test(arguments: ["/ocr/pdf", "/ocr/image"]) func takesPicturesAndDocumentsOnBothPaths(path: String) async throws {
        try await RunningAPI.serving { api async throws in
            for document in [Documents.tiff, Documents.pdf(pages: 1)] {
                let exchange = try await api.post(document, to: path, fileName: "whatever.exe")
                #expect(exchange.status == 200, "\(exchange.body)")
                #expect(try exchange.answer().pages.map(\.outcome) == ["ok"])
            }
        }
    }

    @Test func aPageThatFailsDoesNotFailTheDocument() async throws {
        let engine = StandInEngine { $0 == 2 ? .status(400) : .text("text") }
        try await RunningAPI.serving(engine: engine) { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 4))
            let answer = try exchange.answer()
            #expect(exchange.status == 200)
            #expect(answer.status == "partial")
            #expect(answer.pages_processed == 3)
            let failed = answer.pages.filter { $0.outcome == "failed" }
            #expect(failed.map(\.reason) == ["the engine refused the page (HTTP 400)"])
            #expect(answer.detail == "1 of 4 pages could not be read: \(failed.first?.number ?? 0).")
            #expect(answer.markdown.contains("could not be read"))
        }
    }

    @Test func aDocumentOfWhichNothingWasReadIsNoSuccess() async throws {
        try await RunningAPI.serving(engine: StandInEngine { _ in .status(400) }) { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 2))
            let answer = try exchange.answer()
            #expect(exchange.status == 502)
            #expect(answer.status == "failed")
            #expect(answer.pages.map(\.outcome) == ["failed", "failed"])
            #expect(answer.detail == "No page could be read: the engine refused the page (HTTP 400).")
            #expect(answer.local_files == nil)
            #expect(api.folder.names(in: "output") == [])
        }
    }

    @Test func aTextThatWasCutOffIsSaidToBe() async throws {
        try await RunningAPI.serving(engine: StandInEngine { _ in .text("half", finishReason: "length") }) {
            api async throws in
            let answer = try await api.post(Documents.pdf(pages: 1)).answer()
            #expect(answer.status == "partial")
            #expect(answer.pages.map(\.outcome) == ["degraded"])
            #expect(answer.pages.first?.reason?.contains("was cut off after") == true)
            #expect(answer.pages.first?.text == "half")
            #expect(answer.pages_processed == 1)
        }
    }

    @Test func aScanThatWasCutOffIsSaidToBe() async throws {
        @Sendable func scan(rows: Int) -> [UInt8] {
            Array(
                """
                %PDF-1.5
                1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
                2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
                3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>endobj
                4 0 obj<</Length 28>>stream
                q 200 0 0 100 0 0 cm /I Do Q
                endstream endobj
                5 0 obj<</Type/XObject/Subtype/Image/Width 200/Height 100/ColorSpace/DeviceGray/BitsPerComponent 8\
                /Length \(200 * rows)>>stream

                """.utf8) + [UInt8](repeating: 0x77, count: 200 * rows)
                + Array("\nendstream endobj\ntrailer<</Root 1 0 R/Size 6>>\n%%EOF\n".utf8)
        }
        try await RunningAPI.serving { api async throws in
            let whole = try await api.post(scan(rows: 100)).answer()
            #expect(whole.status == "success" && whole.pages.map(\.outcome) == ["ok"])
            let half = try await api.post(scan(rows: 50)).answer()
            #expect(half.status == "partial" && half.pages.map(\.outcome) == ["degraded"])
            #expect(half.pages.first?.reason?.contains("ends before its last row") == true)
            #expect(half.pages.first?.text.isEmpty == false)
        }
    }

    @Test func theTextIsAnsweredWhenTheFilesCannotBeWritten() async throws {
        try await RunningAPI.serving(change: { $0.outputDirectory = "/proc/version/output" }) { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 1))
            let answer = try exchange.answer()
            #expect(exchange.status == 500)
            #expect(answer.local_files == nil)
            #expect(answer.markdown == "text 1\n")
            #expect(answer.detail?.contains("The result files could not be written") == true)
            #expect(api.log.text.contains("OUTPUT_DIR cannot be written"))
        }
    }

    @Test func aHostileNameStaysInTheOutputFolder() async throws {
        try await RunningAPI.serving { api async throws in
            for name in ["../../etc/passwd", "..\\\\evil.pdf", String(repeating: "я", count: 400) + ".pdf"] {
                #expect(try await api.post(Documents.pdf(pages: 1), fileName: name).status == 200)
            }
            #expect(api.folder.names() == ["output", "state"])
            #expect(api.folder.names(in: "output").count == 6)
            #expect(!api.log.text.contains("passwd"))
            #expect(!api.log.text.contains("я"))
        }
    }

    @Test func manyAtOnceAreAllAnswered() async throws {
        try await RunningAPI.serving(change: { $0.pipeline.engineConcurrency = 2 }) { api async throws in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await api.post(Documents.pdf(pages: 3)).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 20))
            #expect(Set(api.folder.names(in: "output")).count == 40)
        }
    }

    @Test func workStopsWhenTheClientLeaves() async throws {
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(engine: engine) { api async throws in
            do {
                let connection = try HTTPExchange.Connection(port: api.port)
                let form = Documents.form(Documents.pdf(pages: 2))
                let head =
                    "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
                    + "Content-Length: \(form.count)\r\n\r\n"
                try connection.send(Array(head.utf8) + form)
                #expect(await soon { engine.count > 0 })
            }
            #expect(await soon { api.log.text.contains("\"status\":499") })
            // The work is gone with the client: the next one is not behind it.
            #expect(await soon { api.folder.names(in: "state/spool") == [] })
        }
    }
}

import FoundationEssentials
import TestSupport
import Testing

/// The program `coxswain-ocr` as a child process.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CommandTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func run(
        _ arguments: [String], engine: StandInEngine = StandInEngine(), environment: [String: String] = [:]
    ) async throws -> Shell.Result {
        let folder = folder
        return try await engine.serving { url in
            var variables = [
                "COXSWAIN_ENGINE_URL": url, "OUTPUT_DIR": folder.path, "COXSWAIN_CORES": "1", "USE_VLM_API": "false",
            ]
            variables.merge(environment) { $1 }
            let all = variables
            return try await RunningAPI.blocking {
                try Shell.run(Programs.path("coxswain-ocr"), arguments, environment: all)
            }
        }
    }

    @Test func warmUpPassesWhenTheTextIsRight() async throws {
        let text = try warmUpLines().joined(separator: "\\n")
        let engine = StandInEngine { _ in .text(text) }
        let result = try await run(["warmup"], engine: engine)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("0.0 % of the characters differ"))
        #expect((2...4).contains(engine.count))
        #expect(folder.names(in: ".coxswain/spool") == [])
    }

    @Test func warmUpFailsWhenTheTextIsWrong() async throws {
        let engine = StandInEngine { _ in .text("!!!!!!!!") }
        let result = try await run(["warmup"], engine: engine)
        #expect(result.status == 1)
        #expect(result.errors.contains("the engine's answer does not match the page"))
        #expect(result.errors.contains("The crew of eight"))
        let off = try await run(["warmup", "--max-error", "off"], engine: engine)
        #expect(off.status == 0)
        #expect(off.errors.contains("the text was not compared"))
    }

    @Test func warmUpSaysThatItsPictureIsMissing() async throws {
        let result = try await run(
            ["warmup"],
            environment: ["WARMUP_IMG": "/nowhere/warmup.png", "COXSWAIN_WARMUP_MAX_ERROR": "off"])
        #expect(result.status == 0)
        #expect(result.errors.contains("WARMUP_IMG=/nowhere/warmup.png cannot be read; the built-in page is used"))
    }

    @Test func warmUpTakesAPageOfTheOperators() async throws {
        let path = "\(folder.path)/page.pdf"
        try Data(Documents.pdf(pages: 1)).write(to: URL(filePath: path))
        try folder.write("page.pdf.txt", "Page number 1")
        let environment = ["WARMUP_IMG": path]
        let right = try await run(
            ["warmup"], engine: StandInEngine { _ in .text("Page number 1") }, environment: environment)
        #expect(right.status == 0)
        let wrong = try await run(
            ["warmup"], engine: StandInEngine { _ in .text("secret") }, environment: environment)
        #expect(wrong.status == 1)
        // What stands on a page of somebody else's is not for the log.
        #expect(!wrong.errors.contains("secret") && !wrong.errors.contains("Page number"))
    }

    @Test func convertPrintsMarkdown() async throws {
        let path = "\(folder.path)/two.pdf"
        try Data(Documents.pdf(pages: 2)).write(to: URL(filePath: path))
        let result = try await run(["convert", path], engine: StandInEngine { _ in .text("hello") })
        #expect(result.status == 0)
        #expect(result.output == "hello\n\n<!-- page 2 -->\n\nhello\n")
        #expect(try await run(["convert", "/nowhere.pdf"]).status == 1)
    }

    @Test func aBadSettingEndsTheProgramAtOnce() async throws {
        let result = try await run(["serve"], environment: ["COXSWAIN_PAGE_DPI": "many"])
        #expect(result.status == 78)
        #expect(result.errors.contains("COXSWAIN_PAGE_DPI=many: it must be a whole number from 36 to 1200"))
    }

    @Test func thePageAndItsTextAreTheSame() throws {
        let source = try String(contentsOfFile: "\(sources)/WarmupPage.swift", encoding: .utf8)
        let lines = try warmUpLines()
        #expect(lines.count == 8)
        for line in lines { #expect(source.contains("        \(line)\n")) }
    }

    private var sources: String {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/Sources/coxswain-ocr"
    }

    /// What stands on the built-in page, as poppler reads it.
    private func warmUpLines() throws -> [String] {
        try Shell.run("pdftotext", ["-layout", "\(sources)/Resources/warmup.pdf", "-"]).output
            .split { $0 == "\n" || $0 == "\u{C}" }.map(String.init)
    }
}

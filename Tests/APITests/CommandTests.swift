import API
import Foundation
import Pipeline
import TestSupport
import Testing

/// The program `coxswain-ocr` as a child process.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CommandTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func run(
        _ arguments: [String], engine: StandInEngine = StandInEngine(), environment: [String: String] = [:],
        program: String = Programs.path("coxswain-ocr")
    ) async throws -> Shell.Result {
        let folder = folder
        return try await engine.serving { url in
            var variables = [
                "COXSWAIN_ENGINE_URL": url, "OUTPUT_DIR": folder.path, "COXSWAIN_CORES": "1", "USE_VLM_API": "false",
            ]
            variables.merge(environment) { $1 }
            let all = variables
            return try await RunningAPI.blocking {
                try Shell.run(program, arguments, environment: all)
            }
        }
    }

    @Test func warmUpPassesWhenTheTextsAreRight() async throws {
        let engine = try knowing { .text($0) }
        let result = try await run(["warmup"], engine: engine)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("0.0 % of the characters differ"))
        #expect([6, 9, 12].contains(engine.count))
        #expect(result.errors.contains("\"message\":\"warm-up passed\",\"milliseconds\":"))
        #expect(result.errors.contains("\"passes\":\(engine.count / 3)}"))
        #expect(folder.names(in: ".coxswain/spool") == [])
    }

    @Test func warmUpGivesTheEngineAllThatItTakesAtOnce() async throws {
        let engine = try knowing { .stream(String($0.prefix(20)), pause: .milliseconds(20)) }
        let result = try await run(
            ["warmup"], engine: engine,
            environment: ["COXSWAIN_ENGINE_CONCURRENCY": "5", "COXSWAIN_WARMUP_MAX_ERROR": "off"])
        #expect(result.status == 0, "\(result.errors)")
        // Two readings of three pages each time.
        #expect([12, 18, 24].contains(engine.count))
        #expect((2...5).contains(engine.mostAtOnce))
    }

    @Test func warmUpFailsWhenATextIsWrong() async throws {
        // The page that is wrong, how it begins, what it should begin with, how many characters it has.
        let cases = [(0, "The crew of eight", 445), (1, "Half a page", 171), (2, "One line alone", 35)]
        for (wrong, beginning, length) in cases {
            let start = try warmUpPages()[wrong][0].prefix(8)
            let engine = try knowing { $0.hasPrefix(start) ? .text("!!!!!!!!") : .text($0) }
            let result = try await run(["warmup"], engine: engine)
            #expect(result.status == 1)
            let line = try #require(result.errors.split(separator: "\n").last)
            #expect(line.contains("the engine's answer does not match page \(wrong + 1) of the warm-up: "))
            #expect(line.contains(" characters differ from the \(length) on the page; "))
            #expect(line.contains("it should begin \\\"\(beginning)") && line.contains("and begins \\\"!!!!!!!!\\\""))
        }
    }

    @Test func warmUpThatComparesNothingSaysSoOnce() async throws {
        let engine = StandInEngine { _ in .text("!!!!!!!!") }
        for (arguments, environment) in [
            (["warmup", "--max-error", "off"], [:]), (["warmup"], ["COXSWAIN_WARMUP_MAX_ERROR": "off"]),
            (["warmup"], ["COXSWAIN_WARMUP_MAX_ERROR": "1.5"]),
        ] {
            let result = try await run(arguments, engine: engine, environment: environment)
            #expect(result.status == 0)
            let remarks = result.errors.components(separatedBy: "an engine that answers nonsense would be taken").count
            #expect(remarks == (environment["COXSWAIN_WARMUP_MAX_ERROR"] == "1.5" ? 1 : 2))
        }
    }

    @Test func warmUpSaysThatItsPictureIsMissing() async throws {
        let result = try await run(
            ["warmup"],
            environment: ["WARMUP_IMG": "/nowhere/warmup.png", "COXSWAIN_WARMUP_MAX_ERROR": "off"])
        #expect(result.status == 0)
        #expect(result.errors.contains("WARMUP_IMG=/nowhere/warmup.png cannot be read; the built-in pages are used"))
    }

    @Test func engineThatGivesNoAnswerFailsTheProof() async throws {
        let hurried = ["COXSWAIN_WARMUP_DEADLINE": "1.5"]
        let silent = try await run(["warmup"], engine: StandInEngine { _ in .never }, environment: hurried)
        #expect(silent.status == 1)
        // Of those that are asked side by side some may not even have had their turn.
        #expect(silent.errors.contains(/gave no answer in time|before the engine had a place/))
        let away = try await run(
            ["warmup"], environment: hurried.merging(["COXSWAIN_ENGINE_URL": "http://127.0.0.1:1/v1"]) { $1 })
        #expect(away.status == 1)
        #expect(away.errors.contains("no connection to the engine"))
        let failing = try await run(["warmup"], engine: StandInEngine { _ in .status(500) })
        #expect(failing.status == 1)
        #expect(failing.errors.contains("HTTP 500"))
    }

    @Test func whatIsNoFaultOfTheEnginesHasAnotherStatus() async throws {
        let other = try await run(["warmup"], engine: StandInEngine { _ in .status(404) })
        #expect(other.status == 78)
        #expect(other.errors.contains("COXSWAIN_ENGINE_MODEL"))
        #expect(try await run(["warmup"], environment: ["COXSWAIN_ENGINE_URL": "nowhere"]).status == 78)
        for (variable, value) in [("MAX_ERROR", "many"), ("MAX_ERROR", "-1"), ("DEADLINE", "0"), ("DEADLINE", "x")] {
            let result = try await run(["warmup"], environment: ["COXSWAIN_WARMUP_\(variable)": value])
            #expect(result.status == 78)
            #expect(result.errors.contains("COXSWAIN_WARMUP_\(variable)=\(value): it must be"))
        }
        let noDocument = try folder.write("page.png", "no picture")
        #expect(try await run(["warmup"], environment: ["WARMUP_IMG": noDocument]).status == 78)
        let noFolder = try await run(["warmup"], environment: ["STATE_DIR": "/proc/nowhere"])
        #expect(noFolder.status == 70)
        #expect(noFolder.errors.contains("the warm-up's pages cannot be stored"))
        // A program without its renderer beside it.
        let alone = "\(folder.path)/coxswain-ocr"
        try FileManager.default.copyItem(atPath: Programs.path("coxswain-ocr"), toPath: alone)
        let noRenderer = try await run(["warmup"], program: alone)
        #expect(noRenderer.status == 70)
    }

    @Test func warmUpTellsItsProgress() async throws {
        let receiver = try NotifyReceiver()
        let engine = try knowing { .text($0) }
        let over = Latch()
        // Read all the while: the kernel keeps few datagrams, and who sends more is told to come later.
        async let heard = {
            var messages: [String] = []
            while !over.isOpen {
                messages += receiver.take()
                try? await Task.sleep(for: .milliseconds(2))
            }
            return messages + receiver.take()
        }()
        let result = try await run(["warmup"], engine: engine, environment: ["NOTIFY_SOCKET": receiver.path])
        over.open()
        #expect(result.status == 0)
        let messages = await heard
        #expect(messages.contains { $0.hasPrefix("STATUS=warm-up pass 1: ") })
        #expect(messages.last { $0.hasPrefix("STATUS=") } == "STATUS=warm-up passed after \(engine.count / 3) passes")
        #expect(messages.contains { $0.hasPrefix("X_ENGINE_REQUESTS=") })
    }

    @Test(arguments: ["page.pdf.txt", "page.txt", "WARMUP_TEXT"])
    func warmUpTakesAPageOfTheOperators(_ place: String) async throws {
        let path = "\(folder.path)/page.pdf"
        try Data(Documents.pdf(pages: 1)).write(to: URL(filePath: path))
        var environment = ["WARMUP_IMG": path]
        if place == "WARMUP_TEXT" {
            environment[place] = "Page number 1"
        } else {
            try folder.write(place, "Page number 1")
        }
        let right = try await run(
            ["warmup"], engine: StandInEngine { _ in .text("Page number 1") }, environment: environment)
        #expect(right.status == 0)
        #expect(right.errors.contains("0.0 % of the characters differ"))
        let wrong = try await run(
            ["warmup"], engine: StandInEngine { _ in .text("secret") }, environment: environment)
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("does not match the page of WARMUP_IMG"))
        // What stands on a page of somebody else's is not for the log.
        #expect(!wrong.errors.contains("secret") && !wrong.errors.contains("Page number"))
    }

    @Test func warmUpSaysThatItDoesNotKnowWhatStandsOnTheOperatorsPage() async throws {
        let path = "\(folder.path)/page.pdf"
        try Data(Documents.pdf(pages: 1)).write(to: URL(filePath: path))
        let result = try await run(["warmup"], environment: ["WARMUP_IMG": path])
        #expect(result.status == 0)
        #expect(result.errors.contains("is not known") && result.errors.contains("set WARMUP_TEXT"))
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

    @Test func thePagesAndTheirTextsAreTheSame() throws {
        let source = try String(contentsOfFile: "\(sources)/WarmupPage.swift", encoding: .utf8)
        let pages = try warmUpPages()
        #expect(pages.map(\.count) == [9, 3, 1])
        for line in pages.joined() { #expect(source.contains("        \(line)\n")) }
    }

    private var sources: String {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/Sources/coxswain-ocr"
    }

    /// The lines of each built-in page, as poppler reads them.
    private func warmUpPages() throws -> [[String]] {
        try Shell.run("pdftotext", ["-layout", "\(sources)/Resources/warmup.pdf", "-"]).output
            .split(separator: "\u{C}").map { $0.split(separator: "\n").map(String.init) }
    }

    /// An engine that knows the built-in pages by their shapes.
    private func knowing(_ change: @escaping @Sendable (String) -> StandInEngine.Reply) throws -> StandInEngine {
        let texts = try warmUpPages().map { $0.joined(separator: "\\n") }
        return StandInEngine { _, picture in
            let shape = Double(picture.height) / Double(max(picture.width, 1))
            return change(texts[shape > 1 ? 0 : shape > 0.5 ? 1 : 2])
        }
    }
}

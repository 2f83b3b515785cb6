import Document
import EngineClient
import Glibc
import TestSupport
import Testing

/// The program as it is started, spoken to over the network.
@Suite(.serialized, .timeLimit(.minutes(3))) struct EngineProgramTests {
    /// `coxswain-tesseract` on a port of its own.
    private struct Engine {
        let program: Program
        let port: Int

        struct NotListening: Error { var log: String }

        init(port: Int = 0, environment: [String: String] = [:]) async throws {
            let program = try Self.start(["--port", "\(port)"], environment: environment)
            self.program = program
            for _ in 0..<600 {
                // From the log line that says so: port 0 takes any.
                if let found = program.errors.firstMatch(of: /"listening".*"port":(\d+)/), let port = Int(found.1) {
                    self.port = port
                    return
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw NotListening(log: program.errors)
        }

        static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
            try Program(Programs.path("coxswain-tesseract"), arguments, environment: environment)
        }

        func client() throws -> EngineClient {
            try EngineClient(
                configuration: EngineConfiguration(baseURL: "http://127.0.0.1:\(port)/v1", maximumConcurrency: 8))
        }

        /// Status and body, by the simplest client there is.
        func curl(_ path: String, _ arguments: String...) throws -> String {
            try Shell.run("curl", ["-s", "-w", " %{http_code}", "http://127.0.0.1:\(port)\(path)"] + arguments).output
        }
    }

    private func request(_ page: [UInt8]) -> EngineRequest {
        EngineRequest(image: page, mediaType: .jpeg)
    }

    /// Two per cent is what the container promises; bullets and quotation marks are most of what is lost.
    @Test(arguments: [("en", 15), ("ru", 15)])
    func proseIsReadWithFewErrors(_ language: String, _ number: Int) async throws {
        let engine = try await Engine()
        let page = BookPage(language: language, number: number)
        let answer = try await engine.client().recognise(request(try page.picture()), deadline: .now + .seconds(60))
        #expect(answer.model == "tesseract")
        #expect(answer.finishReason == "stop")
        #expect(answer.completionTokens > 200)
        let rate = CharacterErrorRate.between(recognised: answer.text, reference: try page.text())
        #expect(rate <= 0.02, "character error rate \(rate)")
    }

    @Test func whatIsReadOneAfterTheOtherTakesTheMemoryOfOneRecogniser() async throws {
        let engine = try await Engine(environment: ["OCR_WORKERS": "6"])
        let client = try engine.client()
        let page = try BookPage(language: "en", number: 15).picture()
        func peakAfterAPage() async throws -> Int {
            _ = try await client.recognise(request(page), deadline: .now + .seconds(60))
            return engine.program.peak
        }
        let before = engine.program.peak
        let one = try await peakAfterAPage() - before
        var six = 0
        for _ in 0..<5 { six = try await peakAfterAPage() - before }
        #expect(one > 10 << 20 && six < 2 * one, "one page took \(one) bytes, six \(six)")
    }

    @Test func endpointsAnswerAsVLLMDoes() async throws {
        let engine = try await Engine()
        #expect(try engine.curl("/health") == " 200")
        #expect(try engine.curl("/version").hasPrefix(#"{"version":"5."#))
        #expect(try await engine.client().models() == ["tesseract"])
        #expect(try engine.curl("/v1/models").contains(#""object":"model""#))
        #expect(try engine.curl("/elsewhere").hasSuffix(#""type":"invalid_request_error"}} 404"#))
        #expect(try engine.curl("/v1/chat/completions", "-d", "{").contains(#""code":"invalid_json""#))
        #expect(try engine.curl("/v1/chat/completions", "-d", "{}").hasSuffix(" 400"))
        // Nothing of this may be in the log, nor anything that is no JSON.
        for line in engine.program.errors.split(separator: "\n") {
            #expect(line.hasPrefix(#"{"time":"2"#) && line.hasSuffix("}"))
        }
    }

    @Test func tinyPictureIsAnsweredByARecogniser() async throws {
        let engine = try await Engine()
        for _ in 0..<3 {
            let answer = try engine.curl("/v1/chat/completions", "-d", WhitePicture.question)
            #expect(answer.contains(#""content":"""#) && answer.contains(#""finish_reason":"stop""#))
            #expect(answer.hasSuffix("} 200"))
        }
        // It is asked every minute by somebody who looks at the status alone.
        #expect(!engine.program.errors.contains("page read"))
    }

    @Test func answerComesAsAStreamWhereItIsAskedFor() async throws {
        let engine = try await Engine()
        let streamed = try await engine.client().recognise(
            request(try BookPage(language: "en", number: 51).snippet("-jpeg")), deadline: .now + .seconds(60))
        #expect(streamed.text.contains("debian/changelog file records the Debian package history"))
        #expect(streamed.finishReason == "stop")
        #expect(streamed.promptTokens == 1)
        #expect(streamed.completionTokens > 5)
        let question = String(WhitePicture.question.dropLast()) + #","stream":true}"#
        let raw = try engine.curl("/v1/chat/completions", "-i", "-d", question)
        #expect(
            raw.contains("content-type: text/event-stream\r\n") || raw.contains("Content-Type: text/event-stream\r\n"))
        #expect(raw.hasSuffix("data: [DONE]\n\n 200"))
        #expect(!raw.contains("usage"))
        // What is wrong with a picture has a status of its own in a stream too.
        let damaged = question.replacing("AAAAD0lEQVR42mP4DwQMg5cAANrpf4Em8vpj", with: "AAAAD0lEQVR42mP4")
        #expect(
            try engine.curl("/v1/chat/completions", "-d", damaged).hasSuffix(#""type":"invalid_request_error"}} 400"#))
    }

    @Test func slowPageShowsThatItGoesOn() async throws {
        let engine = try await Engine()
        let client = try engine.client()
        let page = try BookPage(language: "en", number: 41).picture()
        let reading = Task { try await client.recognise(request(page), deadline: .now + .seconds(120)) }
        var longest = Duration.zero
        let start = ContinuousClock.now
        while client.activity.reading.requests == 0 { try await Task.sleep(for: .milliseconds(1)) }
        while case let now = client.activity.reading, now.requests > 0 {
            longest = max(longest, now.silence)
            // Half as fast as it could be, so that any machine shows it.
            engine.program.send(SIGSTOP)
            try await Task.sleep(for: .milliseconds(5))
            engine.program.send(SIGCONT)
            try await Task.sleep(for: .milliseconds(5))
        }
        let all = start.duration(to: .now)
        #expect(longest < all * 0.6, "silent for \(longest) of \(all)")
        _ = try await reading.value
    }

    @Test func stoppedEngineShowsNoProgress() async throws {
        let engine = try await Engine()
        let client = try engine.client()
        let page = try BookPage(language: "en", number: 41).picture()
        let reading = Task { try await client.recognise(request(page), deadline: .now + .seconds(120)) }
        while client.activity.reading.requests == 0 { try await Task.sleep(for: .milliseconds(1)) }
        engine.program.send(SIGSTOP)
        while client.activity.reading.silence < .seconds(2) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(client.activity.reading.requests == 1)
        engine.program.send(SIGCONT)
        _ = try await reading.value
    }

    @Test func clientThatLeavesAStreamLeavesTheRecogniser() async throws {
        let engine = try await Engine(environment: ["OCR_WORKERS": "1"])
        let client = try engine.client()
        let page = try BookPage(language: "en", number: 41).picture()
        let tasks = (0..<4).map { _ in
            Task { try await client.recognise(request(page), deadline: .now + .seconds(120)) }
        }
        while client.activity.reading.requests < 4 { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(500))
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
        // The one page that is being read may be at the search for lines; the three behind it may not be read at all.
        let start = ContinuousClock.now
        #expect(try engine.curl("/v1/chat/completions", "-d", WhitePicture.question).hasSuffix("} 200"))
        #expect(.now - start < .seconds(8))
        #expect(!engine.program.errors.contains("page read"))
    }

    @Test func bodyThatIsTooLargeIsRefusedBeforeItIsRead() async throws {
        let engine = try await Engine()
        let answer = try engine.curl(
            "/v1/chat/completions", "-X", "POST", "-H", "Content-Length: 999999999", "-H", "Expect: 100-continue")
        #expect(answer.contains(#""code":"body_too_large""#))
    }

    @Test func killedEngineThatIsStartedAgainLosesNoPage() async throws {
        let first = try await Engine()
        let client = try first.client()
        let pictures = try [15, 51, 41].map { try BookPage(language: "en", number: $0).snippet("-jpeg") }
        async let answers = withThrowingTaskGroup(of: EngineAnswer.self) { group in
            for picture in pictures {
                group.addTask { try await client.recognise(request(picture), deadline: .now + .seconds(60)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await Task.sleep(for: .milliseconds(150))
        first.program.send(SIGKILL)
        #expect(first.program.wait() == -SIGKILL)
        let second = try await Engine(port: first.port)
        let read = try await answers
        #expect(read.count == 3)
        #expect(read.contains { $0.attempts > 1 })
        second.program.send(SIGTERM)
        #expect(second.program.wait() == 0)
    }

    @Test func stopIsQuickInTheMiddleOfAPage() async throws {
        let engine = try await Engine()
        let client = try engine.client()
        let page = try BookPage(language: "en", number: 41).picture()
        let task = Task { try await client.recognise(request(page), deadline: .now + .seconds(60)) }
        try await Task.sleep(for: .milliseconds(500))
        let start = ContinuousClock.now
        engine.program.send(SIGTERM)
        #expect(engine.program.wait() == 0)
        #expect(.now - start < .seconds(2))
        task.cancel()
        _ = await task.result
    }

    @Test func portInUseIsSaid() async throws {
        let engine = try await Engine()
        let second = try Engine.start(["--port", "\(engine.port)"])
        #expect(second.wait() == 69)
        #expect(second.errors.contains("Address already in use"))
    }

    @Test func wrongSettingsAreSaid() throws {
        for (arguments, environment, said) in [
            (["--prot", "1"], [:], "unknown argument"),
            ([], ["OCR_LANGUAGES": "eng+xxx"], "tesseract-ocr-xxx"),
            ([], ["OCR_WORKERS": "none"], "OCR_WORKERS=none"),
            ([], ["TESSDATA_PREFIX": "/nowhere"], "TESSDATA_PREFIX"),
        ] {
            let program = try Engine.start(arguments, environment: environment)
            #expect(program.wait() == 78)
            #expect(program.errors.contains(said))
            #expect(program.errors.split(separator: "\n").count == 1)
        }
    }
}

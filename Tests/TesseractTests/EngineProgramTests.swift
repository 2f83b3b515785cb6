import Document
import EngineClient
import Glibc
import Testing

/// The program as it is started, spoken to over the network.
@Suite(.serialized, .timeLimit(.minutes(3))) struct EngineProgramTests {
    /// `coxswain-tesseract` on a port of its own.
    private struct Engine {
        let program: Program
        let port: Int

        struct NotListening: Error { var log: String }

        init(port: Int = 0) async throws {
            let program = try Self.start(["--port", "\(port)"])
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
            // Beside the tests' own binary, where the build puts both.
            var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let length = readlink("/proc/self/exe", &path, Int(PATH_MAX))
            let own = String(decoding: path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let folder = own.split(separator: "/").dropLast().joined(separator: "/")
            return try Program("/\(folder)/coxswain-tesseract", arguments, environment: environment)
        }

        func client() throws -> EngineClient {
            try EngineClient(
                configuration: EngineConfiguration(baseURL: "http://127.0.0.1:\(port)/v1", maximumConcurrency: 8))
        }

        /// Status and body, by the simplest client there is.
        func curl(_ path: String, _ arguments: String...) throws -> String {
            let program = try Program(
                "curl", ["-s", "-w", " %{http_code}", "http://127.0.0.1:\(port)\(path)"] + arguments)
            program.wait()
            return String(decoding: program.output, as: UTF8.self)
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

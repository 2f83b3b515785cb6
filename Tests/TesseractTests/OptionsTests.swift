import TesseractEngine
import Testing

@Suite struct OptionsTests {
    private func parse(_ arguments: String..., environment: [String: String] = [:]) throws -> Options.Request {
        try Options.parse(arguments, environment: environment)
    }

    private let defaults = Options(host: "127.0.0.1", port: 8080, languages: ["eng", "rus"], workers: nil)

    @Test func defaultsWorkWithNothing() throws {
        #expect(try parse() == .serve(defaults))
        #expect(try parse(environment: ["OCR_LANGUAGES": "", "OCR_WORKERS": ""]) == .serve(defaults))
    }

    @Test func everythingCanBeSet() throws {
        let environment = ["OCR_LANGUAGES": "deu+chi_sim+script/Cyrillic", "OCR_WORKERS": "3"]
        let options = Options(host: "::1", port: 0, languages: ["deu", "chi_sim", "script/Cyrillic"], workers: 3)
        #expect(try parse("--host", "::1", "--port=0", environment: environment) == .serve(options))
        #expect(try parse("--help") == .help)
        #expect(try parse("--version") == .version)
    }

    @Test(arguments: [
        ["--port"], ["--port", "x"], ["--port", "65536"], ["--port", "-1"], ["--host", ""], ["--prot", "1"], ["x"],
    ])
    func wrongArgumentsAreNamed(_ arguments: [String]) {
        let problem = #expect(throws: Options.Problem.self) { try Options.parse(arguments, environment: [:]) }
        #expect(problem?.message.contains(arguments[0]) ?? false)
    }

    @Test(arguments: [
        ("OCR_LANGUAGES", "../x"), ("OCR_LANGUAGES", "eng+"), ("OCR_LANGUAGES", "eng,rus"), ("OCR_LANGUAGES", "/x"),
        ("OCR_WORKERS", "0"), ("OCR_WORKERS", "two"), ("OCR_WORKERS", "257"),
    ])
    func wrongVariablesAreNamed(_ name: String, _ value: String) {
        let problem = #expect(throws: Options.Problem.self) { try Options.parse([], environment: [name: value]) }
        #expect(problem?.message.hasPrefix("\(name)=\(value) ") ?? false)
    }
}

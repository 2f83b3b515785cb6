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

@Suite struct ProcessorsTests {
    @Test(arguments: [
        ("Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n", 8),
        ("Cpus_allowed:\t00000000,00000005\n", 2),
        ("Cpus_allowed:\t0\n", nil),
        ("Name:\tx\n", nil),
    ])
    func affinity(_ status: String, _ expected: Int?) {
        #expect(Processors.allowed(inStatus: status) == expected)
    }

    @Test(arguments: [
        ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000", 2), ("10000 100000", 1), ("", nil),
        ("0 100000", nil), ("100000 0", nil),
    ])
    func quota(_ text: String, _ expected: Int?) {
        #expect(Processors.quota(inCPUMax: text) == expected)
    }

    @Test func thereIsAlwaysOne() {
        #expect(Processors.available() >= 1)
    }
}

@Suite struct JSONLogTests {
    @Test func lineIsExactlyThis() {
        let line = JSONLog.line(
            .warning, "a \"b\"\n", ["ms": 12, "code": "x/y"], seconds: 951_782_399, nanoseconds: 7_999_999)
        #expect(
            line == #"{"time":"2000-02-28T23:59:59.007Z","level":"warning","message":"a \"b\"\n","ms":12,"code":"x/y"}"#
        )
    }
}

import Foundation
import Lifecycle
import Settings
import TestSupport
import Testing

/// What is no TOML, through the loader: it alone knows of documents.
@Suite struct TOMLTextTests {
    private func values(_ toml: String) throws -> [String: String] {
        // Variables of a service are as good as any place for texts.
        let service = try #require(
            try load("[service.x]\ncommand = [\"/bin/x\"]\n[service.x.environment]\n" + toml)
                .services.first { $0.name == "x" })
        return service.environment
    }

    @Test func stringsOfEveryKind() throws {
        let values = try values(
            #"""
            a = "tab\t quote\" slash\\ \u00E9 \U0001F600"
            b = 'C:\path "as it is"'
            c = """
            first \
               still first
            second ""quoted"" """
            d = '''
            it's
            raw \n'''
            "e f" = ""
            'g' = """"""
            h = """a""""
            """#)
        #expect(values["a"] == "tab\t quote\" slash\\ é 😀")
        #expect(values["b"] == #"C:\path "as it is""#)
        #expect(values["c"] == "first still first\nsecond \"\"quoted\"\" ")
        #expect(values["d"] == "it's\nraw \\n")
        #expect(values["e f"] == "" && values["g"] == "" && values["h"] == "a\"")
    }

    @Test func oneSettingInEachForm() throws {
        for text in [
            "service.x.command = [\"a\"]\nservice.x.stop.grace = \"1s\"",
            "[service]\nx = { command = [ \"a\", ], stop = { grace = \"1s\" } }",
            "[service.x]\ncommand = [\n  \"a\", # a comment\n]\nstop.grace = \"1s\"",
            "[ service . \"x\" ]\ncommand=['a']\n[service.x.stop]\ngrace='1s'",
            "\u{FEFF}[service.x.stop]\r\ngrace = \"1s\"\r\n[service.x]\r\ncommand = [\"a\"]\r\n",
        ] {
            let service = try #require(load(text).services.first { $0.name == "x" }, "\(text)")
            #expect(service.command == ["a"] && service.stop.grace == .seconds(1))
        }
    }

    @Test(arguments: [
        ("listen", "1:1: `listen` has no value"), ("listen =", "1:9: the value is missing"),
        ("listen = \"x", "1:10: this text has no end: its \" is missing"),
        ("listen = ':80", "1:10: this text has no end: its ' is missing"),
        ("a = \"\"\"\nb = 1", "1:5: this text has no end: its \"\"\" is missing"),
        ("drain-delay = 5s", "1:15: `5s` is no value: durations stand in quotes, \"5s\""),
        ("engine = vllm", "1:10: `vllm` is no value: texts stand in quotes, \"vllm\""),
        ("x = True", "1:5: `True` is written true"), ("x = 01", "1:5: `01` is no number"),
        ("x = 99999999999999999999", "1:5: `99999999999999999999` is no number that TOML knows, or too large"),
        ("x = 1 2", "1:7: the line should end here"), ("x = 1_", "1:5: `1_` is no number"),
        ("x = [1 2]", "1:8: a comma or ] is missing"), ("x = [1,\n\n", "1:5: this list has no end"),
        ("x = { a = 1", "1:5: an inline table { … } has to end on its line"),
        ("x = { a = 1, }", "1:13: no comma may stand before"), ("x = { a = 1 b = 2 }", "1:13: a comma or } is missing"),
        ("[service.x", "1:1: this header has no end"), ("[]", "1:2: `]` cannot be part of a key"),
        ("drain delay = \"1s\"", "1:1: there is no = behind `drain`"),
        ("größe = 1", "1:3: `ö` cannot be part of a key"),
        ("x = \"\\y\"", "1:6: the escape \\y is none"), ("x = \"\\uD800\"", "1:6: no character has this number"),
        ("x = \"a\u{0}b\"", "1:7: a control character, number 0"), ("# \u{1}", "1:3: a control character, number 1"),
        ("x = 1\ny = 2\nx = 3", "3:1: `x` is set for the second time (the first time on line 1)"),
        ("[a]\nx = 1\n\n[a]", "4:2: the table `a` stands here for the second time (the first time on line 1)"),
        ("a = 1\n[a.b]", "2:2: `a` has a value already, and so cannot be a table"),
        ("a = { b = 1 }\n[a.c]", "2:2: `a` is complete where its braces end"),
        ("a.b = 1\na = 2", "2:1: `a` is set for the second time"),
        ("[a.b]\n[a]\nb.c = 1", "3:1: the table `b` is complete elsewhere"),
        ("x = \(String(repeating: "[", count: 40))", "1:37: this is nested more than 32 deep"),
        ("\(Array(repeating: "a", count: 40).joined(separator: ".")) = 1", "1:1: this is nested more than 32 deep"),
    ]) func whatIsNoTOMLIsSaidWithItsPlace(toml: String, problem: String) {
        let found = problems(toml)
        #expect(found.count == 1 && found[0].hasPrefix("coxswain.toml:\(problem)"), "\(found)")
    }

    @Test func allMistakesOfAFileAtOnce() {
        let found = problems(
            """
            listen = 0.0.0.0:80
            drain-delay = 5s

            [service.engine]
            command = [
                "vllm" "serve",
                "x",
            ]
            gpu = yes
            """, ["PORT": "x"])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "coxswain.toml:1:10:", "coxswain.toml:2:15:", "coxswain.toml:6:12:", "coxswain.toml:9:7:", "PORT:",
            ], "\(found)")
        #expect(problems(String(repeating: "x = y z\n", count: 1000)).count == 20)
    }

    @Test(arguments: [
        ("x = 1979-05-27", "a date"), ("x = 1979-05-27 07:32:00Z", "a date"), ("x = 07:32:00.5", "a date"),
        ("x = 0o17", "an integer"), ("x = -1e3", "a number"), ("x = inf", "a number"), ("x = [[1]]", "a list"),
        ("x = +1_000", "an integer"), ("[[x]]", "a list"),
    ]) func valuesThatNoSettingIs(toml: String, kind: String) {
        let found = problems(toml.replacingOccurrences(of: "x", with: "listen"))
        #expect(found.count == 1 && found[0].hasSuffix("`listen` must be a string, not \(kind)"), "\(found)")
    }

    /// Whatever lies in the file, PID 1 lives: bytes at random, and settings that somebody has mangled.
    @Test func noTextEndsTheProcess() throws {
        let seed =
            ProcessInfo.processInfo.environment["COXSWAIN_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64.max)
        var random = TestRandom(seed: seed)
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let files = try ["coxswain.toml", "engines/vllm.toml", "engines/tesseract.toml"].map {
            try Data(contentsOf: URL(fileURLWithPath: "\(root)/etc/\($0)"))
        }
        let words = [
            "[", "]", "{", "}", "\"", "'''", "\"\"\"", "=", ".", ",", "\n", "\r", "#", "\\", "\u{0}", "[[", "service",
            "\u{FFFD}", "é", "1e", "0x", "true",
        ]
        for round in 0..<1000 {
            var bytes = round % 4 == 0 ? [] : Array(files[Int.random(in: 0..<3, using: &random)])
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let at = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
                case 1: bytes.insert(contentsOf: Array(words.randomElement(using: &random)!.utf8), at: at)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...40, using: &random)))
                default: bytes.removeSubrange(min(at, bytes.count)...)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            for problem in problems(text) {
                #expect(
                    problem.hasPrefix("coxswain.toml:") || problem.hasPrefix("engines/"), "seed \(seed): \(problem)")
            }
            _ = try? Configuration.load(
                file: nil, engineFile: { _ in ("engines/x.toml", text) }, environment: ["COXSWAIN_ENGINE": "x"],
                programs: "/opt/coxswain", cores: 4)
        }
    }

    @Test func aHugeFileIsReadInReasonableTime() {
        let many = (0..<20_000).map { "key\($0) = \($0)" }.joined(separator: "\n")
        #expect(problems(many).count == 200)
        #expect(problems("x = " + String(repeating: "[", count: 1_000_000)).count == 1)
        #expect(problems(String(repeating: "a.", count: 500_000) + "b = 1").count == 1)
        #expect(problems(String(repeating: "[[service]]\n", count: 80_000)).count == 1)
        #expect(
            problems(
                "service = { x = { environment = { \((0..<20_000).map { "a\($0) = \"\"" }.joined(separator: ", ")) } } }"
            ).count == 1)
    }
}

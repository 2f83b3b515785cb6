import Models
import TestSupport
import Testing

@Suite struct ModelPathTests {
    @Test(arguments: [
        "", "/", "/etc/passwd", ".", "..", "../x", "a/..", "a/../b", "a/./b", "./a", "a//b", "a/", "//a", "a\\b",
        "..\\x",
        "C:\\x", "a\0b", "a\nb", "a\u{1B}[31mb", "a\u{7F}", "a\u{85}b", "a\u{202E}gpj.exe", "a\u{200B}b", "a\u{2028}b",
        "a\u{FEFF}", "a\u{FFFD}", "a\u{E000}", ".coxswain-model.json", "x/.coxswain-model.json", ".Coxswain-model.json",
        ".coxswain-cache/x", "model.safetensors.partial", "x.partial/y", "x.PARTIAL", "x.partial.json", ".M.partial",
        "/\u{301}etc", "a/\u{301}/../b", "a/..\u{0}",
    ])
    func hostile(path: String) {
        #expect(ModelPath.problem(path) != nil)
    }

    @Test func tooLongOrDeep() {
        #expect(ModelPath.problem(String(repeating: "a", count: 200)) == nil)
        #expect(ModelPath.problem(String(repeating: "a", count: 201)) != nil)
        #expect(ModelPath.problem(String(repeating: "é", count: 101)) != nil)
        #expect(ModelPath.problem(Array(repeating: "a", count: 16).joined(separator: "/")) == nil)
        #expect(ModelPath.problem(Array(repeating: "a", count: 17).joined(separator: "/")) != nil)
        #expect(
            ModelPath.problem(Array(repeating: String(repeating: "a", count: 199), count: 6).joined(separator: "/"))
                != nil)
    }

    @Test(arguments: [
        "config.json", "PP-DocLayoutV2/inference.yml", ".gitattributes", "a b/c", "模型.bin", "...", "..a", "a..",
        "é.json",
        "-rf", "~", "$HOME", "model-00001-of-00002.safetensors", "*.safetensors", "a/.hidden/b",
    ])
    func harmless(path: String) {
        #expect(ModelPath.problem(path) == nil)
    }

    @Test(arguments: ["a/b", ".hidden", "..", "", "-x", ".M.partial", "M.partial", "M/"])
    func noFolder(name: String) {
        #expect(ModelPath.problem(ofFolder: name) != nil)
    }

    @Test func problemsAreFitForALog() throws {
        let problem = try #require(ModelPath.problem("x\u{1B}[2J/\n" + String(repeating: "y", count: 500)))
        #expect(problem.utf8.count < 400 && !problem.utf8.contains { $0 < 0x20 })
    }

    /// Whatever is let through stays below its folder, however it was put together.
    @Test func acceptedPathsStayInside() {
        var random = TestRandom(seed: 7)
        let pieces = [
            "..", ".", "/", "//", "a", "b.json", "\u{301}", "\\", "\0", " ", "~", ".coxswain-", ".partial", "\u{200D}",
            "é",
            "%2e%2e", "../", "/..", ":", "\u{2215}", "\u{FF0E}\u{FF0E}", "c/d", "-",
        ]
        var accepted = 0
        for _ in 0..<200_000 {
            let path = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            guard ModelPath.problem(path) == nil else { continue }
            accepted += 1
            let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
                Array($0)
            }
            let isSafe = components.allSatisfy { $0 != [] && $0 != [0x2E] && $0 != [0x2E, 0x2E] && !$0.contains(0) }
            #expect(isSafe, "\(path.debugDescription)")
            #expect(
                !path.lowercased().contains(".partial") && !path.contains("/.coxswain-")
                    && !path.hasPrefix(".coxswain-"))
        }
        #expect(accepted > 10_000)
    }
}

@Suite struct FilePatternTests {
    @Test(arguments: [
        ("config.json", "config.json", true), ("config.json", "x/config.json", true),
        ("config.json", "xconfig.json", false),
        ("*.safetensors", "x/model.safetensors", true), ("*.safetensors", "model.safetensors.index.json", false),
        ("a/*.json", "a/b.json", true), ("a/*.json", "a/b/c.json", false), ("a/*", "b/a/c", false), ("*", "a/b", true),
        ("tokenizer*", "tokenizer", true), ("?.md", "a.md", true), ("?.md", ".md", false), ("*a*b*", "xxaxxbxx", true),
        ("*a*b", "xaxbx", false), ("", "a", false), ("**/x", "a/x", true),
    ])
    func matches(pattern: String, path: String, expected: Bool) {
        #expect(FilePattern(pattern).matches(path) == expected)
    }

    /// As its definition, which is slow.
    @Test func matchesLikeItsDefinition() {
        func defined(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            let rest = pattern.dropFirst()
            if first == UInt8(ascii: "*") {
                return defined(rest, text)
                    || text.first.map { $0 != UInt8(ascii: "/") && defined(pattern, text.dropFirst()) } ?? false
            }
            guard let next = text.first, first == next || first == UInt8(ascii: "?") && next != UInt8(ascii: "/") else {
                return false
            }
            return defined(rest, text.dropFirst())
        }
        var random = TestRandom(seed: 3)
        var met = 0
        for _ in 0..<50_000 {
            func word(_ letters: [String]) -> String {
                (0..<Int.random(in: 0...7, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                    .joined()
            }
            let (pattern, path) = (word(["a", "b", "*", "?", "/"]), word(["a", "b", "/"]))
            let subject =
                pattern.contains("/")
                ? path : String(path.split(separator: "/", omittingEmptySubsequences: false).last ?? "")
            let expected = defined(Array(pattern.utf8)[...], Array(subject.utf8)[...])
            #expect(FilePattern(pattern).matches(path) == expected, "\(pattern) \(path)")
            met += expected ? 1 : 0
        }
        #expect(met > 1000)
    }

    @Test func manyStarsEnd() {
        let path = String(repeating: "a", count: 1000)
        #expect(!FilePattern(String(repeating: "*a", count: 400) + "b").matches(path))
    }
}

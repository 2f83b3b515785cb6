import Models
import TestSupport
import Testing

@Suite struct ManifestTests {
    @Test func allBuiltInCanBeRead() {
        #expect(
            ModelManifest.builtIn.map(\.name).sorted() == [
                "PP-DocLayoutV2", "PP-DocLayoutV3", "PaddleOCR-VL-0.9B", "PaddleOCR-VL-1.5-0.9B",
                "PaddleOCR-VL-1.6-0.9B",
            ])
        for manifest in ModelManifest.builtIn {
            #expect(manifest.repository == "PaddlePaddle/\(manifest.folder)")
            #expect(manifest.archive?.hasSuffix("/paddle3.0.0/\(manifest.folder)_infer.tar") == true)
            #expect(!manifest.folder.hasSuffix("-0.9B"), "PaddleX cuts that off")
            #expect(manifest.wants("config.json") && !manifest.wants("README.md") && !manifest.wants("imgs/a.png"))
        }
        // No name means two of them.
        for manifest in ModelManifest.builtIn {
            for name in [manifest.name, manifest.folder] + manifest.aliases {
                #expect(ModelManifest.builtIn.filter { $0.isCalled(name) } == [manifest], "\(name)")
            }
        }
    }

    @Test(arguments: [
        ("PaddleOCR-VL-1.5-0.9B", "PaddleOCR-VL-1.5"), ("PaddlePaddle/PaddleOCR-VL-1.5", "PaddleOCR-VL-1.5"),
        ("paddleocr-vl-1.5", "PaddleOCR-VL-1.5"), ("PaddleOCR-VL", "PaddleOCR-VL"),
        ("PaddleOCR-VL-0.9B", "PaddleOCR-VL"),
        ("PaddleOCR-VL-2", nil), ("", nil),
    ])
    func found(name: String, folder: String?) throws {
        #expect(try ModelManifest.named(name, folder: nil)?.folder == folder)
        #expect(try ModelManifest.named(name, folder: "/nonexistent")?.folder == folder)
    }

    @Test func usersBeatBuiltIn() throws {
        let folder = try TestFolder()
        try folder.write(
            "own.toml",
            "name = \"Mine\"\nfolder = \"mine\"\naliases = [\"PaddleOCR-VL-1.5-0.9B\"]\nrequired = [\"*\"]\n")
        try folder.write("notes.txt", "no manifest")
        #expect(try ModelManifest.named("PaddleOCR-VL-1.5-0.9B", folder: folder.path)?.name == "Mine")
        #expect(try ModelManifest.named("PaddleOCR-VL-1.6-0.9B", folder: folder.path)?.folder == "PaddleOCR-VL-1.6")
        #expect(
            try ModelManifest.all(folder: folder.path).map(\.name) == [
                "Mine", "PP-DocLayoutV2", "PP-DocLayoutV3", "PaddleOCR-VL-0.9B", "PaddleOCR-VL-1.6-0.9B",
            ])
        try folder.write("worse.toml", "nme = 3\n")
        let problem = #expect(throws: ManifestProblem.self) { try ModelManifest.named("Mine", folder: folder.path) }
        #expect(problem?.file == "\(folder.path)/worse.toml")
        #expect(ModelManifest.hint("PaddleOCR-VL-15", folder: nil) == "did you mean `PaddleOCR-VL-1.5`?")
        #expect(ModelManifest.hint("PaddleOCR-VL-1.5-0.8B", folder: nil) == "did you mean `PaddleOCR-VL-1.5-0.9B`?")
    }

    private static let good = "name = \"N\"\nfolder = \"F\"\nrequired = [\"*\"]\n"

    @Test(arguments: [
        ("nmae = \"N\"\nfolder = \"F\"\n", "m:1:1: unknown key `nmae`; did you mean `name`?"),
        ("name = \"N\"\nfolder = 3\n", "m:2:10: `folder` must be a string, not an integer"),
        ("name = \"N\"\nfolder = \"../F\"\n", "m:2:10: `../F` has the component `..`"),
        (good + "[[files]]\npath = \"/etc/passwd\"\n", "m:5:8: `/etc/passwd` is absolute"),
        (good + "[[files]]\nsize = 3\n", "m:4:3: a file without `path`"),
        (good + "[[files]]\npath = \"a\"\nsize = 0\n", "m:6:8: `size` must be a number of bytes above 0"),
        (good + "[[files]]\npath = \"a\"\nsha256 = \"ABC\"\n", "m:6:10: `sha256` must be 64 hexadecimal digits"),
        (good + "[[files]]\npath = \"a\"\nsha265 = \"x\"\n", "m:6:1: unknown key `sha265`; did you mean `sha256`?"),
        (good + "[[files]]\npath = \"a\"\n[[files]]\npath = \"a\"\n", "m:7:8: `a` stands here a second time"),
        (good + "[[files]]\npath = \"a\"\n[[files]]\npath = \"a/b\"\n", "m:7:8: `a` is a file and a folder, too"),
        (good + "archive = \"http://example.com/x.tar\"\n", "m:4:11: `archive` is an https:// URL"),
        (good + "archive = \"https://u:p@example.com/x.tar\"\n", "m:4:11: `archive` is an https:// URL"),
        (good + "archive = \"http://127.0.0.1.example.com/x.tar\"\n", "m:4:11: `archive` is an https:// URL"),
        (good + "repository = \"PaddlePaddle\"\n", "m:4:14: `repository` is \"owner/name\""),
        (good + "repository = \"a/../b\"\n", "m:4:14: `repository` is \"owner/name\""),
        (good + "revision = \"a?b\"\n", "m:4:12: `revision` is a commit"),
        (good + "ignore = \"*.md\"\n", "m:4:10: `ignore` must be a list"),
        (good + "ignore = [\"a\", 3]\n", "m:4:16: `ignore` must be a list"),
        ("name = \"N\"\nfolder = \"F\"\n", "m:1:1: it names no file at all"),
        ("folder = \"F\"\nrequired = [\"*\"]", "m:1:1: `name` is missing"),
        ("name = \"N\"\nname = \"M\"\n", "m:2:1: "), ("", "m:1:1: `name` is missing"),
    ])
    func problems(text: String, begin: String) {
        let problem = #expect(throws: ManifestProblem.self) { try ModelManifest(toml: text, file: "m") }
        #expect(problem.map { "\($0)".hasPrefix(begin) } == true, "\(problem.map { "\($0)" } ?? "nothing")")
    }

    @Test(arguments: [
        "http://localhost/x.tar", "http://127.0.0.1:8080/x", "http://[::1]:80/x", "https://example.com/x",
    ])
    func archives(url: String) throws {
        #expect(try ModelManifest(toml: Self.good + "archive = \"\(url)\"\n", file: "m").archive == url)
    }

    @Test func writtenAndReadIsTheSame() throws {
        var random = TestRandom(seed: 11)
        func digits(_ count: Int) -> String {
            String((0..<count).map { _ in "0123456789abcdef".randomElement(using: &random) ?? "0" })
        }
        func word() -> String {
            let letters = ["a", "B", "7", "-", "_", "é", "\"", " ", "'", "模", ".", "#", "="]
            return "x"
                + (0..<Int.random(in: 1...12, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                .joined()
        }
        for _ in 0..<300 {
            var manifest = ModelManifest(name: word(), folder: word(), required: [word()])
            manifest.aliases = (0..<Int.random(in: 0...2, using: &random)).map { _ in word() }
            manifest.ignore = (0..<Int.random(in: 0...2, using: &random)).map { _ in "*" + word() }
            if Bool.random(using: &random) { manifest.repository = "own-er/na_me.\(digits(3))" }
            if Bool.random(using: &random) { manifest.revision = digits(40) }
            if Bool.random(using: &random) { manifest.archive = "https://example.com/\(digits(4)).tar" }
            for index in 0..<Int.random(in: 0...5, using: &random) {
                manifest.files.append(
                    ModelFile(
                        path: "\(index)/\(word())",
                        size: Bool.random(using: &random) ? .random(in: 1 ... .max, using: &random) : nil,
                        sha256: Bool.random(using: &random) ? digits(64) : nil))
            }
            let again = try ModelManifest(toml: manifest.toml, file: "m")
            #expect(again == manifest)
            #expect(again.fingerprint == manifest.fingerprint)
        }
    }

    @Test func lockedMeansExact() {
        let commit = String(repeating: "a1", count: 20)
        var manifest = ModelManifest(name: "N", folder: "F", revision: commit, files: [ModelFile(path: "a", size: 1)])
        #expect(manifest.isLocked)
        let print = manifest.fingerprint
        manifest.revision = "main"
        #expect(!manifest.isLocked && manifest.fingerprint != print)
        manifest.revision = commit
        manifest.files.append(ModelFile(path: "b"))
        #expect(!manifest.isLocked && manifest.fingerprint != print)
        manifest.files.removeLast()
        // What it is called, and what is not fetched, changes nothing of what the folder must be.
        (manifest.name, manifest.aliases, manifest.ignore) = ("O", ["P"], ["*.md"])
        #expect(manifest.fingerprint == print)
    }
}

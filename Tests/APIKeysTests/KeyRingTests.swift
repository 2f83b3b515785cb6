import APIKeys
import Foundation
import Testing

/// Keys as people write them down.
@Suite struct KeyRingTests {
    private static let a = "0123456789abcdef-a"
    private static let b = "0123456789abcdef-b"

    private func ring(_ text: String) throws(KeyProblem) -> KeyRing {
        var ring = KeyRing()
        try ring.add(file: Array(text.utf8), name: "/keys")
        return ring
    }

    private func digest(_ text: String) throws -> KeyDigest { try #require(KeyDigest(of: text.utf8)) }

    @Test func readsAFile() throws {
        let hash = "sha256:" + String(repeating: "0f", count: 32)
        let ring = try ring(
            """
            # Who may read documents.

            accounting \(Self.a)
            \tarchive.2\t\(Self.b)   requests=60/min pages=1000/day  # since May
            by_digest  \(hash)  pages=7/day
              # nobody else
            """)
        #expect(ring.keys.map(\.label) == ["accounting", "archive.2", "by_digest"])
        #expect(
            ring.keys.map(\.limits) == [
                KeyLimits(), KeyLimits(requestsPerMinute: 60, pagesPerDay: 1000), KeyLimits(pagesPerDay: 7),
            ])
        #expect(ring.key(try digest(Self.a))?.label == "accounting")
        #expect(ring.key(try digest(Self.b))?.label == "archive.2")
        #expect(ring.key(try #require(KeyDigest(hexadecimal: hash.dropFirst(7))))?.label == "by_digest")
        // The digest itself is no key.
        #expect(ring.key(try digest(hash)) == nil)
        #expect(ring.key(try digest(String(hash.dropFirst(7)))) == nil)
    }

    @Test(arguments: ["", "\n", "# nothing\n", "   \r\n\t\r\n", "\u{FEFF}", "\u{FEFF}# x"])
    func aFileMayHoldNoKey(_ text: String) throws {
        #expect(try ring(text).keys.isEmpty)
    }

    @Test func linesMayEndAsWindowsWritesThem() throws {
        let ring = try ring("\u{FEFF}one \(Self.a)\r\ntwo \(Self.b) pages=1/day\r\n")
        #expect(ring.keys.map(\.label) == ["one", "two"])
        #expect(ring.key(try digest(Self.a))?.label == "one")
    }

    @Test(
        arguments: [
            ("alone", 1, "there is no key"), ("\n\nx \(a)\ny", 4, "there is no key"), ("x #\(a)", 1, "there is no key"),
            ("x short", 1, "fewer than 16"), ("x 0123456789abcde", 1, "fewer than 16"),
            ("x \(String(repeating: "k", count: 513))", 1, "more than 512"),
            ("x ключ-ключ-ключ-ключ", 1, "no visible ASCII"), ("x 0123456789\u{7F}abcdefgh", 1, "no visible ASCII"),
            ("x=\(a)", 1, "there is no key"), ("x:y \(a)", 1, "the label must be"),
            ("имя \(a)", 1, "the label must be"),
            ("\(String(repeating: "l", count: 33)) \(a)", 1, "the label must be"), ("a,b \(a)", 1, "the label must be"),
            ("x \(a)\nx \(b)", 2, "its label was given"), ("x \(a)\ny \(a)", 2, "its key was given"),
            ("x sha256:12", 1, "64 hexadecimal"), ("x SHA256:12", 1, "64 hexadecimal"),
            ("x sha256:\(String(repeating: "g", count: 64))", 1, "64 hexadecimal"),
            ("x \(a) often", 1, "no limit"), ("x \(a) requests=60", 1, "no limit"),
            ("x \(a) requests=60/day", 1, "no limit"), ("x \(a) pages=60/min", 1, "no limit"),
            ("x \(a) Pages=60/day", 1, "no limit"), ("x \(a) pages = 60/day", 1, "no limit"),
            ("x \(a) pages=0/day", 1, "a limit's number"), ("x \(a) pages=-1/day", 1, "a limit's number"),
            ("x \(a) pages=+1/day", 1, "a limit's number"), ("x \(a) pages=/day", 1, "a limit's number"),
            ("x \(a) pages=1.5/day", 1, "a limit's number"),
            ("x \(a) pages=99999999999999999999/day", 1, "a limit's number"),
            ("x \(a) pages=1/day pages=1/day", 1, "given twice"),
        ] as [(String, Int, String)])
    func saysWhatIsWrongAndWhere(_ text: String, _ line: Int, _ reason: String) {
        let problem = #expect(throws: KeyProblem.self) { try ring(text) }
        #expect(problem?.line == line)
        #expect(problem?.description.hasPrefix("/keys:\(line): ") == true)
        #expect(problem?.reason.contains(reason) == true, "\(problem?.reason ?? "")")
        // Whatever stands on the line may be a key.
        for word in text.split(whereSeparator: { " \n=:/#,".contains($0) }) where word.count > 4 {
            guard word != "pages", word != "requests", word != "sha256" else { continue }
            #expect(problem?.description.contains(word) == false)
        }
    }

    @Test func aKeyWhereItsLabelBelongsIsNotShown() {
        let problem = #expect(throws: KeyProblem.self) {
            try ring("0123456789abcdef0123456789abcdef0 accounting-department")
        }
        #expect(problem?.description.contains("0123") == false)
        #expect(problem?.reason.contains("the label must be") == true)
    }

    @Test func whatIsNoTextIsNoFileOfKeys() {
        for bytes in [[0xFF, 0xFE, 0x61, 0], Array("x \(Self.a)".utf8) + [0], [0xC3]] as [[UInt8]] {
            #expect(throws: KeyProblem.self) {
                var ring = KeyRing()
                try ring.add(file: bytes, name: "/keys")
            }
        }
    }

    @Test func readsTheEnvironment() throws {
        var ring = KeyRing()
        try ring.add(
            list: " one:\(Self.a) , two:sha256:\(String(repeating: "a", count: 64)),three:k:with:colons:in:it",
            name: "V")
        try ring.add(single: "  \(Self.b)\n", name: "S")
        #expect(ring.keys.map(\.label) == ["one", "two", "three", "default"])
        #expect(ring.key(try digest("k:with:colons:in:it"))?.label == "three")
        #expect(ring.key(try digest(Self.b))?.label == "default")
    }

    @Test(
        arguments: [
            (a, 1, "LABEL:KEY"), ("one:\(a),", 2, "LABEL:KEY"), (",", 1, "LABEL:KEY"),
            ("one:\(a),one:\(b)", 2, "its label"),
            ("one:\(a),two:\(a)", 2, "its key"), (":\(a)", 1, "the label"), ("one:", 1, "fewer than 16"),
            ("one:\(a) pages=1/day", 1, "visible ASCII"),
        ] as [(String, Int, String)])
    func saysWhichEntryIsWrong(_ text: String, _ entry: Int, _ reason: String) {
        var ring = KeyRing()
        let problem = #expect(throws: KeyProblem.self) { try ring.add(list: text, name: "V") }
        #expect(problem?.description.hasPrefix("V, entry \(entry): ") == true)
        #expect(problem?.reason.contains(reason) == true, "\(problem?.reason ?? "")")
        #expect(problem?.description.contains(Self.a) == false)
    }

    @Test func allAreLookedThroughWhicheverMatches() throws {
        let labels = (0..<50).map { "k\($0)" }
        let ring = try ring(labels.map { "\($0) key-of-\($0)-0123456789" }.joined(separator: "\n"))
        for label in labels + ["nobody"] {
            var compared = 0
            let found = ring.key(try digest("key-of-\(label)-0123456789")) { own, sent in
                compared += 1
                return own.matches(sent)
            }
            #expect(compared == 50)
            #expect(found?.label == (label == "nobody" ? nil : label))
        }
    }

    @Test func thereMayNotBeTooMany() throws {
        func lines(_ count: Int) -> String { (1...count).map { "k\($0) key-0123456789-\($0)" }.joined(separator: "\n") }
        #expect(try ring(lines(1000)).keys.count == 1000)
        let problem = #expect(throws: KeyProblem.self) { try ring(lines(1001)) }
        #expect(problem?.line == 1001)
    }

    @Test func sourcesShowNoKey() {
        let sources = KeySources(environment: [
            "COXSWAIN_API_KEYS": "one:\(Self.a)", "COXSWAIN_API_KEY": Self.b, "COXSWAIN_API_KEYS_FILE": "",
        ])
        #expect(!sources.isEmpty && sources.file == nil)
        var dumped = "\(sources) \(String(reflecting: sources)) "
        dump(sources, to: &dumped)
        #expect(!dumped.contains("0123"))
        #expect(sources.description == "COXSWAIN_API_KEYS, COXSWAIN_API_KEY")
        #expect(KeySources(environment: ["COXSWAIN_API_KEY": ""]).isEmpty)
    }
}

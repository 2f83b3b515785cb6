import Jobs
import Testing

@Suite struct PageSelectionTests {
    @Test(arguments: [
        ("1", [1]), ("1-5,8,-1", [1, 2, 3, 4, 5, 8, 10]), ("8-", [8, 9, 10]), ("-3-", [8, 9, 10]), ("-3--2", [8, 9]),
        ("9--1", [9, 10]), ("-10", [1]), ("2--9", [2]), ("3,1,2,2-3", [1, 2, 3]), (" 1 , 3 ", [1, 3]),
        ("10,1", [1, 10]),
        ("5-5", [5]), ("007", [7]), ("1-", Array(1...10)),
    ])
    func readsPagesOfTen(text: String, pages: [Int]) throws {
        #expect(Array(try PageSelection(text).pages(of: 10)) == pages)
    }

    @Test(arguments: [
        ("", PageSelectionError.empty), ("   ", .empty), ("1,,2", .malformed(part: "")), ("1,", .malformed(part: "")),
        (",", .malformed(part: "")), ("a", .malformed(part: "a")), ("1,two,3", .malformed(part: "two")),
        ("1-2-3", .malformed(part: "1-2-3")), ("--1", .malformed(part: "--1")), ("-", .malformed(part: "-")),
        ("1 - 2", .malformed(part: "1 - 2")), ("1–3", .malformed(part: "1–3")), ("1;2", .malformed(part: "1;2")),
        ("+1", .malformed(part: "+1")), ("1.5", .malformed(part: "1.5")), ("٣", .malformed(part: "٣")),
        ("1-2x", .malformed(part: "1-2x")), ("1\n2", .malformed(part: "1\n2")),
        ("e\u{301}", .malformed(part: "e\u{301}")),
        ("1\u{301}", .malformed(part: "1\u{301}")), ("1-\u{301}2", .malformed(part: "1-\u{301}2")),
        ("0", .zero(part: "0")), ("3-0", .zero(part: "3-0")), ("-0", .zero(part: "-0")),
        ("5-1", .reversed(part: "5-1")), ("-1--5", .reversed(part: "-1--5")),
        ("1000000000", .tooLarge(part: "1000000000")),
        ("1-99999999999999999999", .tooLarge(part: "1-99999999999999999999")),
    ])
    func saysWhichPartIsWrong(text: String, error: PageSelectionError) {
        #expect(throws: error) { try PageSelection(text) }
    }

    @Test(arguments: [
        ("4", "4"), ("2-4", "2-4"), ("4-", "4-"), ("-4", "-4"), ("-4-", "-4-"), ("1,999999999", "999999999"),
        ("1-999999999", "1-999999999"),
    ])
    func saysWhichPartIsNotInADocumentOfThree(text: String, part: String) throws {
        let error = #expect(throws: PageSelectionError.beyond(part: part, pages: 3)) {
            try PageSelection(text).pages(of: 3)
        }
        #expect(error?.description.contains("3 pages") == true)
    }

    @Test func aRangeMayBeReversedInAShortDocumentOnly() throws {
        #expect(Array(try PageSelection("3--3").pages(of: 5)) == [3])
        #expect(throws: PageSelectionError.reversed(part: "3--3")) { try PageSelection("3--3").pages(of: 4) }
    }

    @Test func aDocumentWithoutPagesHasNone() {
        for text in ["1", "-1", "1-", "-1-"] {
            #expect(throws: PageSelectionError.beyond(part: text, pages: 0)) { try PageSelection(text).pages(of: 0) }
        }
    }

    @Test func isBounded() throws {
        let longest = String(repeating: "1,", count: 499) + "12"
        #expect(Array(try PageSelection(longest).pages(of: 20)) == [1, 12])
        #expect(throws: PageSelectionError.tooLong(limit: 1000)) { try PageSelection(longest + "3") }
        #expect(try PageSelection("1-999999999").pages(of: 999_999_999).ranges == [1...999_999_999])
        let message = PageSelectionError.malformed(part: String(repeating: "x", count: 900)).description
        #expect(message.count < 200)
    }
}

@Suite struct PageSetTests {
    @Test func agreesWithASet() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let numbers = (0..<60).map { _ in Int.random(in: 1...80, using: &generator) }
            let others = (0..<30).map { _ in Int.random(in: 1...80, using: &generator) }
            var inserted = PageSet()
            for number in numbers { inserted.insert(number) }
            let truth = Set(numbers)
            #expect(Array(inserted) == truth.sorted())
            #expect(inserted == PageSet(numbers: numbers))
            #expect(inserted.count == truth.count)
            #expect((0...82).allSatisfy { inserted.contains($0) == truth.contains($0) })
            #expect(Array(inserted.subtracting(PageSet(numbers: others))) == truth.subtracting(others).sorted())
            let gaps = zip(inserted.ranges, inserted.ranges.dropFirst())
            #expect(gaps.allSatisfy { $0.upperBound + 1 < $1.lowerBound })
        }
    }

    @Test func takesWholeDocuments() {
        #expect(Array(PageSet(all: 3)) == [1, 2, 3])
        #expect(PageSet(all: 0).isEmpty)
        #expect(PageSet(all: 10).subtracting(PageSet([2...3, 5...20])).ranges == [1...1, 4...4])
        #expect(PageSet([1...3, 6...9]).subtracting(PageSet([2...7])).ranges == [1...1, 8...9])
    }
}

@Suite struct JobIdentifierTests {
    @Test func isReadBack() throws {
        var seen: Set<JobIdentifier> = []
        for _ in 0..<1000 {
            let id = JobIdentifier()
            #expect(id.description.utf8.count == 32)
            #expect(JobIdentifier(id.description) == id)
            seen.insert(id)
        }
        #expect(seen.count == 1000)
        #expect(JobIdentifier("00000000000000000000000000000001")?.description == "00000000000000000000000000000001")
        #expect(JobIdentifier("ABCDEF0123456789abcdef0123456789")?.description == "abcdef0123456789abcdef0123456789")
    }

    @Test(arguments: [
        "", "1", "0000000000000000000000000000000", "000000000000000000000000000000000",
        "+0000000000000000000000000000000", "0000000000000000-000000000000000", "g0000000000000000000000000000000",
        "../../../../../../../etc/passwd0", "٣000000000000000000000000000000",
    ])
    func refusesEverythingElse(text: String) { #expect(JobIdentifier(text) == nil) }
}

@Suite struct SecretTests {
    @Test func isNotShown() {
        let options = JobOptions(password: Secret("swordfish"))
        var dumped = ""
        dump(options, to: &dumped)
        for text in ["\(options)", String(reflecting: options), dumped] { #expect(!text.contains("swordfish")) }
    }
}

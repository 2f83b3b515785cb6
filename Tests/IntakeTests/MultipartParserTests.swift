import Intake
import NIOCore
import Testing

/// What a parser said, with the chunks of one part's content joined.
private struct Trace: Equatable {
    var parts: [(part: MultipartPart, content: String, ended: Bool)] = []

    mutating func add(_ events: [MultipartParser.Event]) {
        for event in events {
            switch event {
            case .partBegan(let part): parts.append((part, "", false))
            case .data(let data): parts[parts.count - 1].content += String(buffer: data)
            case .partEnded: parts[parts.count - 1].ended = true
            }
        }
    }

    static func == (left: Trace, right: Trace) -> Bool {
        left.parts.count == right.parts.count && zip(left.parts, right.parts).allSatisfy { $0 == $1 }
    }
}

private func parse(_ body: String, boundary: String = "XX", cuts: [Int] = []) throws -> Trace {
    var parser = try MultipartParser(boundary: boundary)
    var trace = Trace()
    let bytes = Array(body.utf8)
    let edges = [0] + cuts + [bytes.count]
    for (start, end) in zip(edges, edges.dropFirst()) {
        trace.add(try parser.feed(ByteBuffer(bytes: bytes[start..<end])))
    }
    try parser.finish()
    return trace
}

@Suite struct MultipartParserTests {
    private static let form =
        "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--XX  \r\n"
        + "content-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
        + "%PDF-\r\n--X\r\n-\r\r\n--XY\r\n\r\n--XX--\r\nepilogue --XX"

    private static let expected: [(MultipartPart, String)] = [
        (MultipartPart(name: "note"), "hello"),
        (
            MultipartPart(name: "file", fileName: "a.pdf", contentType: "application/pdf"),
            "%PDF-\r\n--X\r\n-\r\r\n--XY\r\n"
        ),
    ]

    private func expectForm(_ trace: Trace) {
        #expect(trace.parts.map(\.part) == Self.expected.map(\.0))
        #expect(trace.parts.map(\.content) == Self.expected.map(\.1))
        #expect(trace.parts.map(\.ended) == [true, true])
    }

    @Test func readsAFormInOnePiece() throws {
        expectForm(try parse(Self.form))
    }

    @Test func readsAFormCutAtEveryPosition() throws {
        let whole = try parse(Self.form)
        for cut in 1..<Self.form.utf8.count {
            #expect(try parse(Self.form, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test func readsAFormCutAtEveryPairOfPositions() throws {
        let whole = try parse(Self.form)
        let count = Self.form.utf8.count
        for first in stride(from: 1, to: count - 1, by: 3) {
            for second in (first + 1)..<count where try parse(Self.form, cuts: [first, second]) != whole {
                Issue.record("cut at \(first) and \(second)")
            }
        }
    }

    @Test func readsAFormByteByByte() throws {
        expectForm(try parse(Self.form, cuts: Array(1..<Self.form.utf8.count)))
    }

    @Test func readsPartsWithoutContent() throws {
        let header = "Content-Disposition: form-data; name=\"file\"\r\n\r\n"
        // As browsers write it, and as RFC 2046 allows: the blank line's break may be the boundary's.
        for body in ["--XX\r\n\(header)\r\n--XX--", "--XX\r\n\(header)--XX--\r\n"] {
            let trace = try parse(body, cuts: [5])
            #expect(trace.parts.map(\.content) == [""])
            #expect(trace.parts.map(\.ended) == [true])
        }
    }

    @Test func readsALongestBoundaryWithItsPrefixesInTheContent() throws {
        let boundary = String(repeating: "-", count: 70)
        let content = (0...70).map { "\r\n--" + String(repeating: "-", count: max(0, $0 - 1)) + "x" }.joined()
        let body =
            "--\(boundary)\r\nContent-Disposition: form-data; name=f\r\n\r\n\(content)\r\n--\(boundary)--"
        for size in [1, 2, 3, 64, 1000] {
            let cuts = Array(stride(from: size, to: body.utf8.count, by: size))
            #expect(try parse(body, boundary: boundary, cuts: cuts).parts.map(\.content) == [content])
        }
    }

    @Test func passesBinaryContentThroughUnchanged() throws {
        var generator = SystemRandomNumberGenerator()
        // Few distinct bytes, so that beginnings of the boundary are frequent.
        let alphabet: [UInt8] = Array("\r\n-Xa".utf8) + [0, 255]
        for _ in 0..<200 {
            let content = (0..<500).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard !String(decoding: content, as: UTF8.self).contains("--XX") else { continue }
            var parser = try MultipartParser(boundary: "XX")
            let head = Array("--XX\r\nContent-Disposition: form-data; name=f\r\n\r\n".utf8)
            let body = head + content + Array("\r\n--XX--".utf8)
            var found: [UInt8] = []
            var rest = body[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...40, using: &generator)
                for case .data(let data) in try parser.feed(ByteBuffer(bytes: rest.prefix(size))) {
                    found += data.readableBytesView
                }
                rest = rest.dropFirst(size)
            }
            try parser.finish()
            #expect(found == content)
        }
    }

    @Test(arguments: [
        "", "--XX", "--XX\r\nContent-Disposition: form-data; name=f\r\n\r\nab",
        "--XX\r\nContent-Disposition: form-data; name=f\r\n\r\nab\r\n--XX", "no boundary at all", "--XX\r",
        "--XX\r\nContent-Disposition: form-data; name=f\r\n\r\nab\r\n--XX-",
    ])
    func saysThatABodyEndedEarly(body: String) {
        #expect(throws: MultipartError.endedEarly) { try parse(body) }
    }

    @Test(arguments: [
        "--XXX\r\n", "--XX-x", "--XX\n", "--XX\r\r", "--XX\r\n\r\nab\r\n--XX--", "--XX\r\nnonsense\r\n\r\n",
        "--XX\r\nContent-Disposition: attachment; name=f\r\n\r\n", "--XX\r\nContent-Disposition: form-data\r\n\r\n",
        "--XX\r\nContent-Disposition: form-data; name=\"f\r\n\r\n", "--XX\r\n: value\r\n\r\n",
        "--XX" + String(repeating: " ", count: 65),
    ])
    func refusesAMalformedBody(body: String) {
        for cuts in [[], Array(1..<body.utf8.count)] {
            let error = #expect(throws: MultipartError.self) { try parse(body, cuts: cuts) }
            guard case .malformed? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func boundsWhatAClientMayMakeItHold() throws {
        let endless = "--XX\r\nX: " + String(repeating: "a", count: 9000)
        #expect(throws: MultipartError.headersTooLong(limit: 8192)) { try parse(endless) }
        let many = "--XX\r\n" + String(repeating: "X: a\r\n", count: 17) + "\r\n"
        #expect(throws: MultipartError.tooManyHeaders(limit: 16)) { try parse(many) }
        let part = "--XX\r\nContent-Disposition: form-data; name=f\r\n\r\n\r\n"
        #expect(throws: MultipartError.tooManyParts(limit: 64)) { try parse(String(repeating: part, count: 65)) }
    }
}

@Suite struct MultipartDeclarationTests {
    @Test func takesTheBoundaryFromTheContentType() throws {
        for type in [
            "multipart/form-data; boundary=XX", "Multipart/Form-Data;charset=utf-8; BOUNDARY=\"XX\"",
            "multipart/form-data ;boundary=XX ;",
        ] {
            var parser = try MultipartParser(contentType: type)
            _ = try parser.feed(ByteBuffer(string: "--XX--"))
            #expect(parser.isComplete)
        }
    }

    @Test(arguments: ["application/json", "", "multipart/mixed; boundary=XX", "multipart/form-data; boundary=\"XX"])
    func refusesWhatIsNoForm(type: String) {
        #expect(throws: MultipartError.notMultipart) { try MultipartParser(contentType: type) }
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=a\u{7}", "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
    ])
    func refusesABadBoundary(type: String) {
        #expect(throws: MultipartError.badBoundary) { try MultipartParser(contentType: type) }
    }
}

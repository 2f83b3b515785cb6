import Downloads
import Testing

/// What is read of answers, and what pauses are made of.
struct ProtocolTests {
    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 -1:49:37 GMT", nil), ("", nil), ("120", nil),
        ] as [(String, Int64?)])
    func dates(_ text: String, _ seconds: Int64?) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test func headers() {
        var head = ResponseHead()
        for line in [
            "HTTP/1.1 100 Continue\r\n", "HTTP/1.1 206 Partial Content\r\n", "ETAG:  \"a b\" \r\n", "X\r\n", ": y\r\n",
        ] {
            head.take(line)
        }
        head.take("Content-Length: 12\r\n")
        #expect(head.status == 206 && head.etag == "\"a b\"" && head.contentLength == 12)
        #expect(head.validator == "\"a b\"")
        #expect(head.differs(from: "\"c\"") && !head.differs(from: "\"a b\""))
        // A host that names none does not say that it is another file.
        #expect(!ResponseHead().differs(from: "\"c\""))
        for length in ["-1", "1x", "99999999999999999999", ""] {
            var head = ResponseHead()
            head.take("Content-Length: \(length)")
            #expect(head.contentLength == nil)
        }
    }

    @Test func retryAfter() {
        func read(_ lines: String...) -> Duration? {
            var head = ResponseHead()
            for line in lines { head.take(line) }
            return head.retryAfter(now: 784_111_777)
        }
        #expect(read("Retry-After: 12") == .seconds(12))
        #expect(read("Retry-After: -12") == .zero)
        #expect(read("Retry-After: soon") == nil && read() == nil)
        #expect(read("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT") == .seconds(60))
        // By the host's clock where it says it.
        #expect(
            read("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", "Date: Sun, 06 Nov 1994 08:50:36 GMT") == .seconds(1))
        #expect(read("Retry-After: Sun, 06 Nov 1994 08:40:37 GMT") == .zero)
    }

    @Test func contentRanges() throws {
        let range = try #require(ContentRange("bytes 5-9/10"))
        #expect(range.first == 5 && range.last == 9 && range.total == 10)
        #expect(ContentRange("bytes 5-9/*")?.total == nil)
        #expect(ContentRange("bytes */10")?.total == 10 && ContentRange("bytes */10")?.first == nil)
        for text in [
            "", "bytes", "bytes 9-5/10", "bytes 5-10/10", "bytes 5-9", "bytes -5-9/10", "bytes 5-9/-1", "items 5-9/10",
        ] {
            #expect(ContentRange(text) == nil, "\(text)")
        }
    }

    @Test func pausesGrowAndNeverExceedTheLongest() {
        var options = DownloadOptions()
        options.firstPause = .seconds(1)
        options.longestPause = .seconds(30)
        var pauses = Pauses(options)
        for failures in 1...100 {
            let full = min(30, 1 << min(failures - 1, 10))
            let pause = pauses.next(after: failures)
            #expect(pause >= .milliseconds(500 * full) && pause <= .seconds(full))
        }
        #expect(pauses.next(after: 1, asked: .seconds(9_000)) >= .seconds(300))
        #expect(pauses.next(after: 1, asked: .seconds(9_000)) <= .seconds(301))
        #expect(pauses.next(after: 9, asked: .zero) <= .milliseconds(100))
        var again = Pauses(options)
        var other = Pauses(options)
        #expect((1...9).map { again.next(after: $0) } == (1...9).map { other.next(after: $0) })
    }

    @Test func routes() throws {
        let options = DownloadOptions()
        for url in ["ftp://a/", ""] {
            #expect(throws: Failure.self) { try Route(url, headers: [], signing: nil, options) }
        }
        var route = try Route("https://Hub.example/x", headers: ["A: b"], signing: nil, options)
        #expect(route.follow("https://hub.example:443/y") == nil)
        #expect(route.headersToSend == ["A: b"] && route.host == "hub.example")
        #expect(route.follow("https://hub.example:444/y") == nil)
        #expect(route.headersToSend == [] && route.host == "hub.example:444")
        #expect(route.follow("https://hub.example/y") == nil)
        #expect(route.headersToSend == ["A: b"])
        #expect(route.follow("http://hub.example/y") != nil)
        #expect(route.follow("ftp://hub.example/y") != nil)
        route.reset()
        #expect(!route.isRedirected && route.current == "https://Hub.example/x")
    }

    @Test func journals() throws {
        let journal = Journal(size: 100, validator: "\"a\"", sha256: nil, ranges: [0..<10, 20..<30])
        #expect(Journal(journal.bytes) == journal)
        #expect(journal.missing == [10..<20, 30..<100])
        #expect(Journal(size: 100, validator: nil, sha256: nil, ranges: [0..<100]).missing == [])
        let ranges: [Range<Int64>] = [20..<30, 0..<10, 10..<15, 5..<5]
        #expect(ranges.inOrder == [0..<15, 20..<30])
        let item = DownloadItem(url: "", path: "x", size: 100)
        #expect(journal.belongs(to: item, fileSize: 30) && !journal.belongs(to: item, fileSize: 29))
        #expect(!journal.belongs(to: DownloadItem(url: "", path: "x", size: 101), fileSize: 30))
        #expect(!Journal(size: 100, validator: nil, sha256: nil, ranges: [0..<9]).belongs(to: item, fileSize: 99))
        #expect(journal.belongs(to: DownloadItem(url: "", path: "x", sha256: "a"), fileSize: 99))
    }
}

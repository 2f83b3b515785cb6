import ProbeClient
import Testing

@Suite struct AnswerReaderTests {
    private struct Read: Equatable {
        var status: Int?
        var body: String
        var isWhole: Bool
    }

    /// Fed in pieces of this size.
    private func read(_ text: String, pieces: Int) throws -> Read {
        var reader = AnswerReader()
        var body: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            body += try reader.feed(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
        }
        return Read(status: reader.status, body: String(decoding: body, as: UTF8.self), isWhole: reader.finish())
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func bodiesOfEveryKind(pieces: Int) throws {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
        #expect(try read(chunked, pieces: pieces) == Read(status: 200, body: "abc0123456789", isWhole: true))
        let counted = "HTTP/1.1 503 No\r\nContent-Length: 3\r\nX: y\r\n\r\nabcdef"
        #expect(try read(counted, pieces: pieces) == Read(status: 503, body: "abc", isWhole: true))
        #expect(
            try read("HTTP/1.0 200 OK\r\n\r\nabc", pieces: pieces) == Read(status: 200, body: "abc", isWhole: true))
        #expect(try read("HTTP/1.1 204 No\r\n\r\n", pieces: pieces) == Read(status: 204, body: "", isWhole: true))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Le", "",
    ])
    func whatIsCutShortIsNotWhole(text: String) throws {
        #expect(try !read(text, pieces: 5).isWhole)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    ])
    func whatIsNoHTTPIsRefused(text: String) {
        #expect(throws: AnswerReader.Malformed.self) { try read(text, pieces: 4) }
    }

    @Test func aHeadWithoutEndIsRefused() {
        #expect(throws: AnswerReader.Malformed.self) {
            try read("HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20_000), pieces: 4096)
        }
    }
}

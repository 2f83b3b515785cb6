import ProbeClient
import Testing

private func response(_ text: String) -> ProbeResponse? { ProbeResponse(Array(text.utf8)) }

@Suite struct ProbeResponseTests {
    @Test func readsWhatACoxswainAnswers() {
        let text = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nfailed\n"
        #expect(response(text)?.status == 503)
        #expect(response(text)?.line == "failed")
        #expect(response("HTTP/1.0 200\r\n\r\n")?.line == "")
        #expect(response("HTTP/1.1 200 OK\nA: b\n\nfirst\nsecond")?.line == "first")
    }

    @Test func aHeadThatDoesNotEndHasNoBody() {
        #expect(response("HTTP/1.1 200 OK\r\nA: b\r\n")?.line == "")
        #expect(response("HTTP/1.1 200")?.status == 200)
    }

    @Test(arguments: [
        "", "HTTP/1.1", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "SSH-2.0-OpenSSH",
        "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ]) func refusesWhatIsNoAnswer(text: String) { #expect(response(text) == nil) }

    @Test func whatIsPrintedIsOneShortLineWithoutControlCharacters() {
        let line = response("HTTP/1.1 200 OK\r\n\r\na\u{1B}[31mb\r\u{9B}c\u{0}\n")?.line
        #expect(line == "a[31mbc")
        let long = response("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 100_000))?.line
        #expect(long?.utf8.count == 1000)
        // Bytes that are no UTF-8 do not end the program.
        #expect(ProbeResponse(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [0xFF, 0xFE, 0x41])?.line.hasSuffix("A") == true)
    }
}

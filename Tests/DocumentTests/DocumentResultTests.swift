import Document
import FoundationEssentials
import Testing

@Suite struct DocumentResultTests {
    /// The file is read by others: its names are a contract.
    @Test func jsonIsExactlyThis() throws {
        let page = Page(
            number: 1, outcome: .degraded, reason: "cut", text: "a\nb", width: 2480, height: 3508, dpi: 300,
            timings: .init(renderMilliseconds: 31, engineMilliseconds: 900), attempts: 2)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let result = DocumentResult(model: "tesseract", pages: [page])
        let json = String(decoding: try encoder.encode(result), as: UTF8.self)
        #expect(
            json == #"{"model":"tesseract","pages":[{"attempts":2,"dpi":300,"height":3508,"number":1,"#
                + #""outcome":"degraded","reason":"cut","text":"a\nb","#
                + #""timings":{"engine_ms":900,"render_ms":31},"width":2480}],"schema_version":1}"#)
        #expect(try JSONDecoder().decode(DocumentResult.self, from: Data(json.utf8)) == result)
    }

    @Test func markdownComesFromThePages() {
        let result = DocumentResult(model: nil, pages: [Page(number: 1, outcome: .ok, text: "x")])
        #expect(result.markdown == "x\n")
    }
}

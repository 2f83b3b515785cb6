import TesseractEngine
import Testing

@Suite struct DataURLTests {
    private func decode(_ url: String, maximumBytes: Int = 100) throws(ProblemReport) -> [UInt8] {
        try DataURL.decode(url, parameter: "here", maximumBytes: maximumBytes)
    }

    @Test(arguments: [
        "data:image/png;base64,AQID",
        "DATA:image/JPEG;base64,AQID",
        "data:image/jpg;charset=x;base64,AQID",
        "data:image/png;base64,AQ\r\nID\n",
    ])
    func readsBase64(_ url: String) throws {
        #expect(try decode(url) == [1, 2, 3])
    }

    @Test(arguments: [
        ("http://example.com/a.png", "unsupported_image_url"),
        ("https://example.com/a.png", "unsupported_image_url"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("AQID", "invalid_image_url"),
        ("", "invalid_image_url"),
        ("data:image/png;base64", "invalid_image_url"),
        ("data:image/png,AQID", "invalid_image_url"),
        ("data:,", "unsupported_image"),
        ("data:image/gif;base64,AQID", "unsupported_image"),
        ("data:application/pdf;base64,AQID", "unsupported_image"),
        ("data:image/png;base64,", "invalid_base64"),
        ("data:image/png;base64,A", "invalid_base64"),
        ("data:image/png;base64,!!!!", "invalid_base64"),
        ("data:image/png;base64,AQ*D", "invalid_base64"),
    ])
    func refusesTheRest(_ url: String, _ code: String) {
        let problem = #expect(throws: ProblemReport.self) { try decode(url) }
        #expect(problem?.status == 400)
        #expect(problem?.code == code)
        #expect(problem?.parameter == "here")
    }

    @Test func sizeIsBounded() throws {
        let four = "data:image/png;base64,AQIDBA=="
        #expect(try decode(four, maximumBytes: 4).count == 4)
        #expect(throws: ProblemReport.self) { try decode(four, maximumBytes: 3) }
        let problem = #expect(throws: ProblemReport.self) {
            try decode("data:image/png;base64," + String(repeating: "A", count: 4000))
        }
        #expect(problem?.status == 413)
        #expect(problem?.code == "image_too_large")
    }
}

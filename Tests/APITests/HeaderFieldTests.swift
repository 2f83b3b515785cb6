import API
import Testing

/// What single header fields mean.
struct HeaderFieldTests {
    private static let formats = ["application/json", "text/markdown", "text/plain"]

    @Test(
        arguments: [
            (nil, 0), ("", 0), ("*/*", 0), ("application/json", 0), ("text/markdown", 1), ("TEXT/Markdown", 1),
            ("text/plain", 2), ("text/*", 1), ("text/*;q=0.5, text/plain", 2),
            ("text/markdown;q=0.2, text/plain;q=0.3", 2),
            ("application/json;q=0, */*", 1), ("text/html, */*;q=0.1", 0), ("text/html,application/xhtml+xml", nil),
            ("image/*", nil), ("application/json;q=0", nil), ("application/json; charset=utf-8", 0),
            ("text/plain ; q=1 , application/json ; q=0.9", 2), ("text/plain;q=2, application/json", 0),
            (";;,,;q=1", 0), ("text/markdown;q=x", 0), ("*", 0), ("application/problem+json", nil),
        ] as [(String?, Int?)])
    func aFormatIsChosenByQuality(_ field: String?, _ format: Int?) {
        #expect(Preferences(field).best(of: Self.formats) == format)
    }

    @Test(
        arguments: [
            (nil, false), ("gzip", true), ("GZIP", true), ("deflate, gzip;q=0.5", true), ("gzip;q=0", false),
            ("gzip;q=0, *", false), ("*", true), ("*;q=0", false), ("identity", false), ("br", false),
            ("x-gzip2", false),
        ] as [(String?, Bool)])
    func aCodingIsTakenWhereItIsAskedFor(_ field: String?, _ isTaken: Bool) {
        #expect((Preferences(field).quality(ofCoding: "gzip") > 0) == isTaken)
    }

    @Test func aFieldWithoutEndCostsLittle() {
        let many = String(repeating: "text/html;q=0.1,", count: 1000) + "application/json"
        #expect(Preferences(many).best(of: Self.formats) == nil)
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

    @Test func aTraceIsPassedOnAsItIs() {
        #expect(TraceContext.valid("00-\(Self.trace)-01") == "00-\(Self.trace)-01")
        #expect(TraceContext.valid("00-\(Self.trace)-00") == "00-\(Self.trace)-00")
        // A version that is not known is taken for the first.
        #expect(TraceContext.valid("cc-\(Self.trace)-01") == "00-\(Self.trace)-01")
        #expect(TraceContext.valid("cc-\(Self.trace)-01-what-follows") == "00-\(Self.trace)-01")
    }

    @Test(arguments: [
        nil, "", "00", "00-\(trace)", "00-\(trace)-", "00-\(trace)-0", "00-\(trace)-01-x", "00-\(trace)-011",
        "ff-\(trace)-01", "0-\(trace)-01", "00-\(trace.uppercased())-01", "00-\(trace)-0x", "00_\(trace)-01",
        "cc-\(trace)-01x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", " 00-\(trace)-01", "00-\(trace)-01\r\nX: 1",
        "00-\(trace)-01, 00-\(trace)-01", "00-4bf92f3577b34da6a3ce929d0e0e473\u{E9}-00f067aa0ba902b7-01",
    ])
    func whatIsNoTraceIsNotPassedOn(_ text: String?) {
        #expect(TraceContext.valid(text) == nil)
    }
}

import Logging
import ServiceLog
import Testing

@Suite struct JSONLogTests {
    @Test func writesOneObjectALine() throws {
        let lines = try LogLines()
        let handler = JSONLogHandler(level: .info, descriptor: lines.descriptor)
        var logger = Logger(label: "test") { _ in handler }
        logger[metadataKey: "service"] = "api"
        logger.debug("not written")
        logger.info(
            "a \"quoted\"\nline",
            metadata: ["status": .stringConvertible(200), "ok": .stringConvertible(true), "list": ["a", "b"]])
        let text = lines.text
        #expect(text.hasSuffix("\n"))
        #expect(text.split(separator: "\n").count == 1)
        let fields =
            #","level":"info","message":"a \"quoted\"\nline","list":["a","b"],"ok":true,"service":"api","status":200}"#
        #expect(text.dropLast().hasSuffix(fields), "\(text)")
        #expect(text.wholeMatch(of: #/\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",.*\n/#) != nil)
    }
}

import Logging
import ServiceLog
import Testing

@Suite struct JSONLogHandlerTests {
    @Test func aLineIsExactlyThis() {
        let line = JSONLogHandler.line(
            seconds: 951_782_399.0079999, level: .warning, message: "a \"b\"\n",
            fields: ["ms": .stringConvertible(12), "code": "x/y", "ok": .stringConvertible(true)])
        #expect(
            line
                == #"{"time":"2000-02-28T23:59:59.007Z","level":"warning","message":"a \"b\"\n","code":"x/y","ms":12,"ok":true}"#
        )
    }
}

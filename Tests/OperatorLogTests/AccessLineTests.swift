import OperatorLog
import Testing

@Suite struct AccessLineTests {
    private func read(_ line: String) -> (records: [Record], dropped: Int) {
        var reader = RecordReader(service: "api", format: nil)
        return (reader.read(line, at: 0), reader.droppedProbeLines)
    }

    @Test(arguments: [
        #"INFO:     127.0.0.1:4711 - "GET /health HTTP/1.1" 200 OK"#,
        #"(APIServer pid=7) INFO:     127.0.0.1:4711 - "GET /metrics HTTP/1.1" 200 OK"#,
        #"INFO:     [::1]:4711 - "HEAD /livez HTTP/1.1" 204 No Content"#,
        #"INFO:     127.0.0.1:4711 - "GET /v1/models?x=1 HTTP/1.1" 200 OK"#,
        #"127.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET /readyz HTTP/1.1" 301 2 "-" "kube-probe/1.29""#,
        #"2026-11-22 10:00:00,123 - uvicorn.access - INFO - 127.0.0.1:4711 - "GET /startupz HTTP/1.1" 200"#,
        #"{"level":"debug","message":"request","method":"GET","route":"/health","status":200}"#,
    ]) func linesOfProbesAreCounted(line: String) {
        #expect(read(line).records == [] && read(line).dropped == 1)
    }

    @Test(
        arguments: [
            (
                #"INFO:     127.0.0.1:4711 - "GET /health HTTP/1.1" 503 Service Unavailable"#, Record.Level.warning,
                "GET", "/health", 503
            ),
            (
                #"INFO:     127.0.0.1:4711 - "POST /v1/chat/completions HTTP/1.1" 200 OK"#, .info, "POST",
                "/v1/chat/completions", 200
            ),
            (#"INFO:     127.0.0.1:4711 - "POST /health HTTP/1.1" 200 OK"#, .info, "POST", "/health", 200),
            (#"INFO:     127.0.0.1:4711 - "GET /My%20Invoice HTTP/1.1" 404 Not Found"#, .info, "GET", nil, 404),
            (#"INFO:     127.0.0.1:4711 - "GET /docs?name=Invoice HTTP/1.1" 200 OK"#, .info, "GET", "/docs", 200),
            (#"INFO:     127.0.0.1:4711 - "GET /a" b HTTP/1.1" 404 Not Found"#, .info, "GET", nil, 404),
            (
                #"10.0.0.9 - user [22/Nov/2026:10:00:00 +0000] "DELETE /files/Invoice.pdf HTTP/2" 200 2 "http://x/Invoice" "agent""#,
                .info, "DELETE", nil, 200
            ),
        ] as [(String, Record.Level, String, String?, Int)])
    func othersKeepWhatIsNobodys(line: String, level: Record.Level, method: String, path: String?, status: Int) {
        let fields =
            [Record.Field("method", .text(method))] + (path.map { [Record.Field("path", .text($0))] } ?? [])
            + [Record.Field("status", .integer(status))]
        #expect(
            read(line).records == [Record(time: 0, level: level, service: "api", message: "request", fields: fields)])
    }

    @Test func aSocketsLineTellsNothingOfItsClient() {
        let records = read(#"INFO:     10.0.0.9:4711 - "WebSocket /private" [accepted]"#).records
        #expect(records.map(\.message) == ["request"] && records[0].fields == [Record.Field("method", "WebSocket")])
    }

    @Test func aJSONLineIsCleaned() {
        let record = read(
            #"{"message":"request","method":"GET","path":"/Invoice","client":"10.0.0.9:1","status":200,"ms":3,"user_agent":"x"}"#
        ).records
        #expect(
            record[0].fields == [
                Record.Field("method", "GET"), Record.Field("status", .integer(200)), Record.Field("ms", .integer(3)),
            ])
        let ours = read(#"{"message":"request","method":"GET","route":"/jobs/{id}","status":200}"#).records
        #expect(ours[0].fields.contains(Record.Field("route", "/jobs/{id}")))
    }
}

import TesseractEngine
import Testing

@Suite struct ChatRequestTests {
    private let image = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID","detail":"high"}}"#
    private let text = #"{"type":"text","text":"OCR:"}"#

    private func parse(_ json: String) throws(ProblemReport) -> ChatRequest {
        try ChatRequest(json: Array(json.utf8), maximumImageBytes: 1000)
    }

    private func problem(_ json: String) -> ProblemReport? {
        do throws(ProblemReport) {
            _ = try parse(json)
            return nil
        } catch { return error }
    }

    private func body(_ parts: String, _ more: String = "") -> String {
        #"{"messages":[{"role":"user","content":[\#(parts)]}]\#(more)}"#
    }

    @Test func requestAsPaddleXSendsIt() throws {
        let request = try parse(
            body(
                "\(image),\(text)",
                #","model":"tesseract","temperature":0,"max_completion_tokens":4096,"skip_special_tokens":true,"stream":false,"n":1,"mm_processor_kwargs":{"min_pixels":1}"#
            )
        )
        #expect(request.image == [1, 2, 3])
        #expect(request.prompt == "OCR:")
        #expect(request.maximumTokens == 4096)
    }

    @Test func whatIsOptionalMayBeLeftOut() throws {
        let request = try parse(body(image, #","model":null,"max_tokens":null"#))
        #expect(request.prompt == "")
        #expect(request.maximumTokens == nil)
        #expect(try parse(body(image, #","max_tokens":5"#)).maximumTokens == 5)
        #expect(try parse(body(image, #","max_tokens":5,"max_completion_tokens":6"#)).maximumTokens == 6)
    }

    @Test func streamIsAskedFor() throws {
        #expect(try !parse(body(image)).streams)
        let plain = try parse(body(image, #","stream":true,"stream_options":null"#))
        #expect(plain.streams && !plain.includesUsage)
        #expect(try parse(body(image, #","stream":true,"stream_options":{"include_usage":true}"#)).includesUsage)
    }

    @Test func textOfAllMessagesIsThePrompt() throws {
        let json = """
            {"messages":[{"role":"system","content":"You read."},{"role":"assistant","content":null},
            {"role":"user","content":[\(text),\(image)]}]}
            """
        #expect(try parse(json).prompt == "You read.\nOCR:")
    }

    @Test(arguments: ["", "{", "\u{0}", "OCR:", #"{"messages":[}"#])
    func noJSON(_ json: String) {
        #expect(problem(json)?.code == "invalid_json")
        #expect(problem(json)?.status == 400)
    }

    @Test(arguments: [
        ("{}", "messages"),
        ("[]", nil),
        (#"{"messages":{}}"#, "messages"),
        (#"{"messages":[{}]}"#, "messages[0].content"),
        (#"{"messages":[{"content":7}]}"#, "messages[0].content"),
        (#"{"messages":[{"content":[{"text":"x"}]}]}"#, "messages[0].content[0].type"),
        (#"{"messages":[{"content":[{"type":"text"}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"content":[{"type":"image_url"}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"content":[{"type":"video_url"}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"content":[{"type":"image_url","image_url":"data:"}]}]}"#, "messages[0].content[0].image_url"),
        (#"{"messages":[]}"#, "messages"),
        (#"{"messages":[{"content":"no image"}]}"#, "messages"),
        (#"{"messages":[],"stream":1}"#, "stream"),
        (#"{"messages":[],"stream":true,"stream_options":true}"#, "stream_options"),
        (#"{"messages":[],"n":2}"#, "n"),
        (#"{"messages":[],"max_tokens":0}"#, "max_tokens"),
        (#"{"messages":[],"max_completion_tokens":-1}"#, "max_completion_tokens"),
    ])
    func fieldAtFaultIsNamed(_ json: String, _ parameter: String?) {
        let problem = problem(json)
        #expect(problem?.status == 400)
        #expect(problem?.parameter == parameter)
    }

    @Test func secondImageIsRefused() {
        #expect(problem(body("\(image),\(image)"))?.message == "there are 2 images in the messages; send one a request")
    }

    @Test func anotherModelIsNotHere() {
        let problem = problem(body(image, #","model":"PaddleOCR-VL-0.9B""#))
        #expect(problem?.status == 404)
        #expect(problem?.code == "model_not_found")
    }

    @Test func problemIsWrittenAsOpenAIDoes() {
        let problem = ProblemReport(status: 400, message: "no \"x\"", code: "c")
        #expect(
            String(decoding: problem.json, as: UTF8.self)
                == #"{"error":{"code":"c","message":"no \"x\"","param":null,"type":"invalid_request_error"}}"#)
        #expect(ProblemReport(status: 503, message: "", code: "").type == "overloaded_error")
        #expect(ProblemReport(status: 500, message: "", code: "").type == "server_error")
    }
}

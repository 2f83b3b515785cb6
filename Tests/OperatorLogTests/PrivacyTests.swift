import OperatorLog
import Testing

@Suite struct PrivacyTests {
    static let picture = String(repeating: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", count: 8)

    @Test(arguments: [
        (
            "Received request cmpl-7: prompt: 'private, params: x', params: SamplingParams(n=1)",
            "Received request cmpl-7: [… 57 bytes]"
        ),
        (
            "Received request chatcmpl-a-1: params: SamplingParams(n=1), lora_request: None.",
            "Received request chatcmpl-a-1: [… 48 bytes]"
        ),
        (
            "Generated response chatcmpl-1 (streaming delta): output: 'private', finish_reason: stop",
            "Generated response chatcmpl-1 (streaming delta): [… 38 bytes]"
        ),
        ("Request chatcmpl-1 details: prompt: 'private'", "Request chatcmpl-1 details: [… 17 bytes]"),
        ("Received request private: one", "Received request private: [… 3 bytes]"),
        ("Received request päth", "Received request [… 5 bytes]"),
        ("Receive: obj=GenerateReqInput(text='private')", "Receive: [… 36 bytes]"),
        (
            "bad [type=x, input_value='pri', input_type=y', input_type=str]",
            "bad [type=x, input_value=[… 20 bytes], input_type=str]"
        ),
        ("bad input_value='cut in the mid", "bad input_value=[… 15 bytes]"),
        (
            "[{'type': 'missing', 'loc': ('body', 'x'), 'input': {'content': 'private'}}]",
            "[{'type': 'missing', 'loc': ('body', 'x'), 'input': [… 22 bytes]}]"
        ),
        (
            #"body {"messages": [{"role": "user", "content": "a \"b\" ]"}], "n": 1}"#,
            #"body {"messages": [… 42 bytes], "n": 1}"#
        ),
        (#"error: {\"content\": \"private\"} x"#, #"error: {\"content\": [… 11 bytes]} x"#),
        (
            "ChatCompletionRequest(messages=[{'content': 'p'}], model='m')",
            "ChatCompletionRequest(messages=[… 18 bytes], model='m')"
        ),
        (
            "CompletionOutput(index=0, text='private', token_ids=[1, 2])",
            "CompletionOutput(index=0, text=[… 9 bytes], token_ids=[… 6 bytes])"
        ),
        ("prompt: 'private text' end", "prompt: [… 14 bytes] end"),
        ("url data:image/png;base64,iVBORw0KGgo= end", "url data:image/png;base64,[… 12 bytes] end"),
        ("picture \(picture) end", "picture [… 352 bytes] end"),
        ("opened '/workspace/output/Müller Steuer/page 1.png' now", "opened '[….png]' now"),
        ("file:///data/My%20Invoice.pdf", "[….pdf]"),
        ("saved to /workspace/output/My Invoice 3.PDF.", "saved to [….PDF]."),
        ("converting My Invoice 2024.pdf (3 pages)", "converting [….pdf] (3 pages)"),
        ("converting invoice.jpeg", "converting [….jpeg]"),
        ("File \"/srv/in/Rechnung.tiff\", line 3", "File \"[….tiff]\", line 3"),
        ("wrote /workspace/output/abc/result.json", "wrote [….json]"),
        ("two: a.pdf, b.md", "two: [….pdf], [….md]"),
    ]) func isTakenOut(text: String, left: String) { #expect(Privacy.apply(text) == left) }

    @Test(arguments: [
        "  File \"/opt/venv/lib/python3.11/site-packages/vllm/v1/engine/core.py\", line 1496, in run_engine_core",
        "loading /root/.cache/huggingface/hub/models--x/config.json",
        "non-default args: {'model_tag': 'models/tiny', 'host': '127.0.0.1', 'max_model_len': 8192, 'enforce_eager': True}",
        "Engine 000: Avg prompt throughput: 31.6 tokens/s, GPU KV cache usage: 0.1%",
        "digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" + String(repeating: "0a", count: 40),
        "/usr/local/lib/python3/dist-packages/torch/include/ATen/native/cuda/Loops/cuh/and/more/folders/of/no/interest",
        "symbol _ZN2at4_ops10index_put_4callERKNS_6TensorERKN3c104ListISt8optionalIS2_EEES4_bNS2_6TensorERKN3c104ListISt8opt",
        "prompt=None content=12 text='' text: [] output: done",
        "hashlib.md5() and torch.png_thing, 3.md5", "", ".", "=", ":", "a.pdfx", "x.", "'content':", "data:", "data:,",
    ]) func isKept(text: String) { #expect(Privacy.apply(text) == text) }

    @Test func fieldsOfJSONLinesToo() {
        var reader = RecordReader(service: "x", format: nil)
        let record = reader.read(
            #"{"message":"failed on 'Invoice.pdf'","prompt":"private","messages":[{"a":1}],"n":3,"note":"text='private'"}"#,
            at: 0)[0]
        #expect(record.message == "failed on '[….pdf]'")
        #expect(
            record.fields == [
                Record.Field("prompt", "[… 7 bytes]"), Record.Field("messages", "[… 9 bytes]"),
                Record.Field("n", .integer(3)),
                Record.Field("note", "text=[… 9 bytes]"),
            ])
    }

    /// A word that stands in each of these places comes out of none of them.
    @Test(arguments: [
        "(APIServer pid=7) INFO 11-22 10:00:00 [logger.py:39] Received request cmpl-1: prompt: 'CANARY', params: x",
        "CANARY.pdf", "  File \"x.py\", line 1, in open('/in/CANARY.pdf')",
        "ValueError: cannot read '/in/CANARY 1.png'",
        #"INFO:     127.0.0.1:1 - "GET /files/CANARY?q=CANARY HTTP/1.1" 404 Not Found"#,
        #"{"message":"x","content":"CANARY"}"#, #"{"message":"x","path":"/CANARY","method":"GET","status":404}"#,
        "pydantic_core.ValidationError: x [type=y, input_value='CANARY', input_type=str]",
    ]) func aCanaryComesOutNowhere(line: String) {
        for prefix in ["", "ERROR:    ", "(EngineCore pid=3) "] {
            var reader = RecordReader(service: "x", format: "vllm")
            let records =
                reader.read("Traceback (most recent call last):", at: 0) + reader.read(prefix + line, at: 0)
                + reader.read("ValueError: open('/in/CANARY.pdf')", at: 0) + reader.finish(at: 0)
            for form in RecordFormat.allCases {
                for record in records { #expect(!form.line(for: record).contains("CANARY"), "\(prefix)\(line)") }
            }
        }
    }
}

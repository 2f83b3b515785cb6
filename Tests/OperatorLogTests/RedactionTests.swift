import OperatorLog
import Testing

@Suite struct RedactionTests {
    static let secret = "pä\"ss/w\\o rd+1"

    @Test(arguments: [
        secret, "p%C3%A4%22ss%2Fw%5Co%20rd%2B1", "p%c3%a4%22ss%2fw%5co%20rd%2b1", "p%C3%A4%22ss%2Fw%5Co+rd%2B1",
        #"pä\"ss/w\\o rd+1"#, #"pä\"ss\/w\\o rd+1"#, #"p\u00e4\"ss/w\\o rd+1"#,
    ]) func aKnownSecretIsMaskedInAllItsForms(form: String) {
        #expect(Redaction(secrets: [Self.secret]).apply("before\(form)after") == "before***after")
    }

    /// In the midst of something that is encoded as a whole, whatever stands before it.
    @Test(arguments: ["", "u", "us", "user:", "another:"]) func inBase64Too(before: String) {
        let plain = Array((before + "canary-secret-4711" + ":x").utf8)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var (encoded, bits, count) = ("", 0, 0)
        for byte in plain {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 6 {
                count -= 6
                encoded.append(alphabet[bits >> count & 63])
            }
            bits &= 0xFF
        }
        let masked = Redaction(secrets: ["canary-secret-4711"]).apply("x \(encoded) y")
        #expect(masked.contains("***") && masked.utf8.count < encoded.utf8.count - 15)
    }

    @Test func onlyLongEnoughSecretsAreUsed() {
        let redaction = Redaction(secrets: ["", "abc", "12345", "123456"])
        #expect(redaction.apply("abc 12345 123456") == "abc 12345 ***")
    }

    @Test func ofSeveralTheLongestIsMasked() {
        #expect(
            Redaction(secrets: ["secret", "secret-and-more"]).apply("a secret-and-more b secret c") == "a *** b *** c")
    }

    @Test func aSecretOfSeveralLinesIsMaskedLineByLine() {
        let redaction = Redaction(secrets: ["first-line-1\nsecond-line-2\n"])
        #expect(redaction.apply("x first-line-1") == "x ***" && redaction.apply("second-line-2") == "***")
    }

    @Test func secretsAreFoundInTheEnvironment() {
        let environment = [
            "API_KEY": "value-1", "COXSWAIN_API_KEYS": "value-2,value-3", "HF_TOKEN": "value-4", "my_secret": "value-5",
            "DB_PASSWORD": "value-6", "X_PASSWD": "value-7", "GOOGLE_CREDENTIALS": "value-8",
            "AWS_ACCESS_KEY_ID": "value-9",
            "SHORT_KEY": "12345", "KEYBOARD": "layout", "PATH": "/usr/bin", "TOKENIZERS_PARALLELISM": "falsefalse",
        ]
        let found = Redaction.secrets(in: environment)
        #expect(Set(found) == Set((1...9).map { "value-\($0)" } + ["value-2,value-3"]).subtracting(["value-2x"]))
    }

    @Test(arguments: [
        ("Authorization: Bearer abcdef123", "Authorization: ***"),
        ("authorization: Basic dXNlcjpw", "authorization: ***"),
        ("curl -H 'Authorization: Bearer abc123' http://x", "curl -H 'Authorization: ***' http://x"),
        (#"{"authorization": "Bearer x", "n": 1}"#, #"{"authorization": "***", "n": 1}"#),
        ("X-API-Key: abc", "X-API-Key: ***"), ("Cookie: a=b; c=d", "Cookie: ***"),
        ("sent bearer abcdef123 there", "sent bearer *** there"),
        ("token hf_abcdefghijklmnopqrstuvwxyz end", "token *** end"), ("sk-abcdefghijklmnop1234", "***"),
        ("sk-proj-abc_defghijklmnop-1234.", "***."), ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
        ("AKIAIOSFODNN7EXAMPLE and ASIAIOSFODNN7EXAMPLE", "*** and ***"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP end", "jwt *** end"),
        ("a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b", "a *** b"),
        ("-----BEGIN EC PRIVATE KEY-----MIIE", "***"),
        ("https://user:pass@host/path", "https://***@host/path"),
        ("postgres://user:p@ss@host:5432/db", "postgres://***@host:5432/db"),
        ("https://token@github.com/x", "https://***@github.com/x"),
        ("GET /x?token=abc&n=1&X-Amz-Signature=def&key=g h", "GET /x?token=***&n=1&X-Amz-Signature=***&key=*** h"),
        ("?X-Amz-Credential=A%2F20&sig=x", "?X-Amz-Credential=***&sig=***"),
        ("password=abc, n=1", "password=***, n=1"), ("--api-key=abc --n=1", "--api-key=*** --n=1"),
        ("{'api_key': ['abc', 'def'], 'n': 1}", "{'api_key': [***], 'n': 1}"),
        ("{'password': 'a\\'b', 'n': 1}", "{'password': '***', 'n': 1}"),
        (#"{\"password\": \"abc\", \"n\": 1}"#, #"{\"password\": \"***\", \"n\": 1}"#),
        ("AWS_SECRET_ACCESS_KEY=abc/def+g", "AWS_SECRET_ACCESS_KEY=***"),
        ("password: hunter2 x", "password: *** x"),
    ]) func whatLooksLikeASecretIsMasked(text: String, masked: String) {
        let redaction = Redaction(secrets: [])
        #expect(redaction.apply(text) == masked)
        #expect(redaction.apply(masked) == masked)
    }

    @Test(arguments: [
        "max_tokens=100, tokenizer='models/tiny', eos_token_id=2",
        "GPU KV cache size: 1,234 tokens, key: value, sort key=size",
        "task-abcdefghijklmnopqrstuv risk-1", "api_key=None, token=None, password=null",
        "http://127.0.0.1:8080/v1/models?n=1",
        "an authorization was given", "the bearer of this", "eyJhbGci", "AKIA", "https://x/@user", "path=/a/b key=c",
        "::::====----____", "sk-short",
        "-----BEGIN CERTIFICATE-----", "", "monkey=banana", "a@b.c",
    ]) func whatIsNoneStays(text: String) { #expect(Redaction(secrets: []).apply(text) == text) }

    @Test func aRecordIsMaskedWhole() {
        let record = Record(
            time: 0, level: .info, service: "api", message: "with canary-1",
            fields: [
                Record.Field("a", "canary-1"), Record.Field("n", .integer(123_456)), Record.Field("m", .integer(5)),
                Record.Field("password", "short"),
                Record.Field("ok", .flag(true)),
            ])
        let masked = Redaction(secrets: ["canary-1", "123456"]).apply(record)
        #expect(masked.message == "with ***")
        #expect(masked.fields.map(\.value) == ["***", "***", .integer(5), "***", .flag(true)])
    }
}

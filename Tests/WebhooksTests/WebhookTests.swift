import Egress
import Foundation
import TestSupport
import Testing
import WebCalls
import Webhooks

/// `receiver.py` and what it got.
private final class Receiver: Sendable {
    let server: ScriptedServer
    private let folder: TestFolder

    struct Message {
        var path: String
        var body: String
        var headers: [String: String]
        var isVerified: Bool
    }

    init(_ secret: [UInt8]) throws {
        folder = try TestFolder()
        let digits = secret.map { String(format: "%02x", $0) }.joined()
        server = try ScriptedServer("receiver.py", [digits, "\(folder.path)/record"])
    }

    func url(_ path: String, host: String = "127.0.0.1") -> String { "http://\(host):\(server.port)\(path)" }

    var messages: [Message] {
        let text = (try? String(contentsOfFile: "\(folder.path)/record", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            return Message(
                path: row["path"] as? String ?? "", body: row["body"] as? String ?? "",
                headers: row["headers"] as? [String: String] ?? [:], isVerified: row["verified"] as? Bool ?? false)
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct WebhookTests {
    private static let secret = Array("a secret of some length".utf8)
    private let receiver: Receiver

    init() throws { receiver = try Receiver(Self.secret) }

    private func sender(
        networks: String = "127.0.0.0/8", hosts: String = "", secret: [UInt8] = Self.secret,
        trusting authority: TestAuthority? = nil, _ change: (inout WebhookSender.Limits) -> Void = { _ in }
    ) throws -> WebhookSender {
        var limits = WebhookSender.Limits()
        change(&limits)
        return WebhookSender(
            policy: try EgressPolicy(hosts: hosts, networks: networks), secret: secret,
            certificateFile: authority?.file, limits: limits)
    }

    /// - Returns: the error; nil where it was told.
    private func send(
        _ sender: WebhookSender, to url: String, id: String = "msg_1", body: String = #"{"type":"job.finished"}"#,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> TransferError? {
        do {
            try sender.send(Array(body.utf8), id: id, to: url, at: 1_700_000_000.9, isCancelled: isCancelled)
            return nil
        } catch {
            return error
        }
    }

    @Test func aMessageIsSigned() throws {
        let body = #"{"type":"job.finished","data":{"ё":1}}"#
        #expect(try send(sender(), to: receiver.url("/status/200/path?token=x"), body: body) == nil)
        #expect(try send(sender(), to: receiver.url("/status/204")) == nil)
        let message = try #require(receiver.messages.first)
        #expect(message.isVerified && message.body == body && message.path == "/status/200/path?token=x")
        #expect(message.headers["content-type"] == "application/json")
        #expect(message.headers["webhook-id"] == "msg_1" && message.headers["webhook-timestamp"] == "1700000000")
        #expect(try send(sender(secret: Array("another secret of some".utf8)), to: receiver.url("/status/200")) == nil)
        #expect(receiver.messages.last?.isVerified == false)
    }

    @Test func aLargeMessage() throws {
        let body = String(repeating: "x", count: 3 << 20)
        #expect(try send(sender(), to: receiver.url("/status/200"), body: body) == nil)
        #expect(receiver.messages.first?.body == body && receiver.messages.first?.isVerified == true)
    }

    /// The example of the specification's own libraries.
    @Test func theSignatureIsThatOfOthers() throws {
        let secret = try #require(WebhookSecret.bytes(of: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let header = WebhookSignature.header(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8),
            secret: secret)
        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func secrets() {
        #expect(WebhookSecret.bytes(of: "sixteen letters!")?.count == 16)
        #expect(WebhookSecret.bytes(of: "fifteen letters") == nil)
        #expect(WebhookSecret.bytes(of: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") == [UInt8](repeating: 0, count: 24))
        #expect(
            WebhookSecret.bytes(of: "whsec_AAAA") == nil && WebhookSecret.bytes(of: "whsec_no base64, but long") == nil)
        #expect(WebhookSecret.bytes(of: "") == nil && WebhookSecret.bytes(of: "whsec_") == nil)
    }

    @Test func whatIsNo2xxIsAFailure() throws {
        for (status, mayPass) in [
            (400, true), (404, true), (410, false), (429, true), (500, true), (503, true), (304, false),
        ] {
            let error = try #require(try send(sender(), to: receiver.url("/status/\(status)/secret-path?retry=77")))
            #expect(error.mayPass == mayPass && error.message.contains("HTTP \(status)"))
            #expect(error.retryAfter == (mayPass ? .seconds(77) : nil))
            #expect(error.place == "127.0.0.1:\(receiver.server.port)" && !error.message.contains("secret-path"))
        }
    }

    @Test func redirectsAreNotFollowed() throws {
        let error = try #require(try send(sender(), to: receiver.url("/redirect")))
        #expect(!error.mayPass && error.message.contains("307"))
        #expect(receiver.messages.map(\.path) == ["/redirect"])
    }

    @Test func bodiesOfAnswersAreBounded() throws {
        let sender = try sender { $0.drainMilliseconds = 200 }
        #expect(send(sender, to: receiver.url("/flood")) == nil)
        #expect(send(sender, to: receiver.url("/drip")) == nil)
    }

    @Test func silenceEnds() throws {
        let sender = try sender { $0.totalMilliseconds = 300 }
        let silent = try #require(send(sender, to: receiver.url("/silence")))
        #expect(silent.mayPass && silent.message.contains("no answer"))
        #expect(send(sender, to: receiver.url("/cut"))?.mayPass == true)
        #expect(send(sender, to: "http://127.0.0.1:1/")?.mayPass == true)
    }

    @Test func cancellingEndsItSoon() throws {
        let receiver = receiver
        let begin = ContinuousClock.now
        let error = try send(sender(), to: receiver.url("/silence"), isCancelled: { !receiver.messages.isEmpty })
        #expect(error?.message.contains("cancelled") == true && error?.mayPass == true)
        #expect(ContinuousClock.now - begin < .seconds(10))
    }

    @Test func whomThePolicyRefusesIsNotAsked() throws {
        let strict = try sender(networks: "")
        let literal = try #require(send(strict, to: receiver.url("/status/200")))
        #expect(!literal.mayPass)
        // A name is judged by where it leads; libcurl looks this one up without anybody's help.
        let named = try #require(send(strict, to: receiver.url("/status/200", host: "a.localhost")))
        #expect(!named.mayPass)
        let listed = try #require(try send(sender(hosts: "example.com"), to: receiver.url("/status/200")))
        #expect(!listed.mayPass)
        for url in [
            "file:///etc/passwd", "gopher://127.0.0.1/", "http://user:hidden@127.0.0.1/", "", "http://",
            "s3://bucket/x",
        ] {
            let error = try #require(try send(sender(), to: url))
            #expect(!error.mayPass && !error.message.contains("hidden"), "\(url)")
        }
        #expect(receiver.messages.isEmpty)
    }

    /// A name that leads into a refused range, and one that there is not, look the same.
    @Test func aNameThatLeadsInwardIsNoOther() throws {
        let inside = ProcessInfo.processInfo.hostName
        let sender = try sender(networks: "")
        let inward = try #require(send(sender, to: receiver.url("/status/200", host: inside)))
        let missing = try #require(send(sender, to: receiver.url("/status/200", host: "nowhere.invalid")))
        #expect(inward.message.replacing(inside, with: "X") == missing.message.replacing("nowhere.invalid", with: "X"))
        #expect(inward.mayPass && missing.mayPass)
        #expect(receiver.messages.isEmpty)
    }

    @Test func onlyWhoProvesItsNameIsTold() throws {
        let (authority, another) = (try TestAuthority(), try TestAuthority())
        let front = try Front(to: receiver.server.port, certificate: authority.certificate(of: "127.0.0.1"))
        let url = "https://127.0.0.1:\(front.port)/status/200"
        #expect(try send(sender(trusting: authority), to: url) == nil)
        #expect(receiver.messages.map(\.isVerified) == [true])
        for nobody in [another, nil] {
            let error = try #require(try send(sender(trusting: nobody), to: url))
            #expect(error.message.contains("is not from an authority that this container trusts"), "\(error)")
            #expect(error.message.contains("SSL_CERT_FILE") && error.mayPass)
        }
        let elsewhere = try Front(to: receiver.server.port, certificate: authority.certificate(of: "other.example"))
        let error = try #require(
            try send(sender(trusting: authority), to: "https://127.0.0.1:\(elsewhere.port)/status/200"))
        #expect(error.message.contains("its certificate is for another host") && error.mayPass, "\(error)")
        // What does not speak TLS is not spoken to without it.
        #expect(try send(sender(trusting: authority), to: "https://127.0.0.1:\(receiver.server.port)/") != nil)
        #expect(receiver.messages.count == 1)
    }

    @Test func proxiesOfTheEnvironmentAreNotAsked() throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsetenv("http_proxy") }
        #expect(try send(sender(), to: receiver.url("/status/200")) == nil)
    }

    @Test func whatWouldBeAHeaderOfItsOwnIsRefused() throws {
        for id in ["", "a b", "a\r\nX-Evil: 1", "a.b", "ё", String(repeating: "a", count: 129)] {
            #expect(try send(sender(), to: receiver.url("/status/200"), id: id)?.mayPass == false, "\(id)")
        }
        for path in ["/status/200\r\nX-Evil: 1", "/status/200 HTTP/1.1", "/a\u{0}b", "/a\nb"] {
            #expect(try send(sender(), to: receiver.url(path))?.mayPass == false, "\(path)")
        }
        #expect(receiver.messages.isEmpty)
    }
}

import Downloads
package import Egress
package import WebCalls

/// Tells webhooks: one POST, signed, to whom the policy lets it go.
///
/// Redirects are not followed, since whoever answers at the new place was never named. What an answer says beside its status
/// and `Retry-After` is read and thrown away.
package final class WebhookSender: Sendable {
    /// Milliseconds and bytes.
    package struct Limits: Sendable {
        package var connectSeconds = 10
        package var totalMilliseconds = 30_000
        /// Of an answer's body, once its header is there.
        package var drainMilliseconds = 2000
        package var answerBytes = 64 << 10

        package init() {}
    }

    private let policy: EgressPolicy
    private let secret: [UInt8]
    private let certificateFile: String?
    private let limits: Limits

    /// - Parameters:
    ///   - secret: the key of the signatures; see ``WebhookSecret``.
    ///   - certificateFile: certificates to trust in place of the system's, in PEM.
    package init(
        policy: EgressPolicy, secret: [UInt8], certificateFile: String? = nil, limits: Limits = Limits()
    ) {
        self.policy = policy
        self.secret = secret
        self.certificateFile = certificateFile
        self.limits = limits
    }

    /// Returns when the receiver has said with a 2xx that it has the message. Blocks the calling thread, for half a minute at
    /// most.
    ///
    /// - Parameters:
    ///   - body: JSON.
    ///   - id: of the message, the same with each try: letters, digits, dashes and underscores.
    ///   - now: seconds since 1970.
    ///   - isCancelled: asked on this thread, twenty times a second.
    package func send(
        _ body: [UInt8], id: String, to url: String, at now: Double, isCancelled: @escaping @Sendable () -> Bool
    ) throws(TransferError) {
        let checked: String
        do {
            checked = try policy.checked(url)
        } catch {
            throw TransferError(place: "", message: "the webhook is not told: \(error)", mayPass: false)
        }
        let host = Self.host(of: checked)
        var call = try call(body, id: id, to: checked, host: host, at: now)
        call.limits.connectSeconds = limits.connectSeconds
        call.limits.totalMilliseconds = limits.totalMilliseconds
        call.limits.drainMilliseconds = limits.drainMilliseconds
        call.limits.answerBytes = limits.answerBytes
        guard let caller = WebCaller() else {
            throw TransferError(
                place: host,
                message: "the webhook at \(host) could not be told: the system refuses memory or descriptors",
                mayPass: true)
        }
        let answer: WebAnswer
        do {
            answer = try caller.answer(to: call, isCancelled: isCancelled)
        } catch {
            throw self.error(error, host)
        }
        if let error = Self.error(answer, host, now: now) { throw error }
    }

    private func call(
        _ body: [UInt8], id: String, to url: String, host: String, at now: Double
    ) throws(TransferError) -> WebCall {
        guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy(Self.isIDByte), now > 0, now < 1e11,
            let signature = WebhookSignature.header(id: id, timestamp: Int64(now), body: body, secret: secret)
        else {
            throw TransferError(place: host, message: "the message to \(host) could not be signed", mayPass: false)
        }
        var call = WebCall("POST", url)
        call.headers = [
            "Content-Type: application/json", "webhook-id: \(id)", "webhook-timestamp: \(Int64(now))",
            "webhook-signature: \(signature)",
        ]
        call.body = .bytes(body)
        call.egress = policy
        call.certificateFile = certificateFile
        return call
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Of a URL that was checked, which has no user.
    private static func host(of url: String) -> String {
        guard let begin = url.firstRange(of: "://")?.upperBound else { return "" }
        return String(url[begin...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }

    // MARK: - What came of it

    private func error(_ failure: WebCallFailure, _ host: String) -> TransferError {
        let reason =
            switch failure.kind {
            case .cancelled: "it was cancelled"
            case .invalid, .unreadable: "its URL or the file that SSL_CERT_FILE names cannot be used"
            // Whether there is such a name is nobody's business: names of a network of its own could be guessed.
            case .refusedAddress, .unresolved: EgressRefusal.address.description
            case .unreachable: "no connection"
            case .untrusted:
                "its certificate is not from an authority that this container trusts, or is not valid now; the file that "
                    + "SSL_CERT_FILE names would say whom to trust"
            case .wrongHost: "its certificate is for another host"
            case .timedOut: "no answer within \(limits.totalMilliseconds / 1000) s"
            case .broken: "the connection broke"
            }
        return TransferError(place: host, message: "the webhook at \(host) could not be told: \(reason)", mayPass: true)
    }

    /// - Returns: nil where the receiver has the message.
    private static func error(_ answer: WebAnswer, _ host: String, now: Double) -> TransferError? {
        switch answer.status {
        case 200..<300: return nil
        case 300..<400:
            return TransferError(
                place: host,
                message:
                    "the webhook at \(host) sends on to another place (HTTP \(answer.status)), which is not followed: "
                    + "give the URL that it is at", mayPass: false)
        case 410:
            return TransferError(
                place: host, message: "the webhook at \(host) wants no messages any more (HTTP 410)", mayPass: false)
        default:
            return TransferError(
                place: host, message: "the webhook at \(host) answered HTTP \(answer.status)", mayPass: true,
                retryAfter: answer.head.retryAfter(now: Int64(now)))
        }
    }
}

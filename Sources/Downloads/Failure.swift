import CCurl
import Readable

/// Why one try came to nothing, and whether another makes sense.
package struct Failure: Error, Sendable, Equatable {
    package var kind: DownloadError.Kind
    /// What happened, as the end of "FILE could not be fetched from HOST: ".
    package var reason: String
    /// Whether the same request is made again after a pause, a bounded number of times.
    var isRetried = false
    /// Whether it may pass though it is not tried again now.
    var mayPass = false
    /// What the host asked for.
    var retryAfter: Duration?

    /// - Parameter tries: how often it was tried; said where more than once.
    func error(host: String, file: String, tries: Int = 1) -> DownloadError {
        let what = file.isEmpty ? "the request" : PlainText.short(file)
        var message = "\(what) could not be fetched"
        if !host.isEmpty { message += " from \(host)" }
        message += ": \(reason)"
        if tries > 1 { message += "; tried \(tries) times" }
        return DownloadError(kind: kind, host: host, file: file, message: message, mayPass: isRetried || mayPass)
    }

    static func badAnswer(_ reason: String) -> Failure { Failure(kind: .badAnswer, reason: reason) }
    static func invalid(_ reason: String) -> Failure { Failure(kind: .invalid, reason: reason) }

    static func outOfTime(_ options: DownloadOptions) -> Failure {
        Failure(kind: .outOfTime, reason: "it was not there within \(options.totalSeconds ?? 0) s", mayPass: true)
    }

    static let cancelled = Failure(kind: .cancelled, reason: "it was cancelled")
}

// MARK: - The connection

extension Failure {
    /// What a transfer without a whole answer means.
    ///
    /// - Parameters:
    ///   - wasSent: a connection stood, and the request went out on it.
    ///   - detail: libcurl's words, which name hosts, addresses and certificates.
    init(code: CURLcode, wasSent: Bool, detail: String, host: String, options: DownloadOptions) {
        let detail = PlainText.short(detail)
        let mirror =
            if options.egress != nil {
                "no proxy is used for it"
            } else if Self.isHub(host) {
                "set HF_ENDPOINT to a mirror that can be reached, or HTTPS_PROXY to the network's proxy"
            } else {
                "if the network has a proxy, set HTTPS_PROXY to it"
            }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST where options.egress != nil:
            self.init(kind: .denied, reason: "its name could not be resolved; check the name and DNS", mayPass: true)
        case CURLE_COULDNT_RESOLVE_HOST:
            self.init(
                kind: .unreachable, reason: "its name could not be resolved; check the name and DNS, \(mirror)",
                isRetried: true)
        case CURLE_COULDNT_RESOLVE_PROXY:
            self.init(
                kind: .unreachable,
                reason: "the name of the proxy could not be resolved (\(detail)); check HTTPS_PROXY and HTTP_PROXY",
                isRetried: true)
        case CURLE_COULDNT_CONNECT, CURLE_PROXY:
            self.init(kind: .unreachable, reason: "no connection (\(detail)); \(mirror)", isRetried: true)
        case CURLE_OPERATION_TIMEDOUT where !wasSent:
            self.init(
                kind: .unreachable, reason: "no connection within \(options.connectTimeoutSeconds) s; \(mirror)",
                isRetried: true)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(
                kind: .stalled,
                reason: "less than \(ByteCount.text(options.minimumBytesPerSecond)) a second came for "
                    + "\(options.stallSeconds) s",
                isRetried: true)
        case CURLE_SSL_CONNECT_ERROR:
            self.init(kind: .unreachable, reason: "TLS could not be set up (\(detail)); \(mirror)", isRetried: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            self.init(
                kind: .untrusted,
                reason: "it could not prove who it is (\(detail)); if the network inspects TLS, set SSL_CERT_FILE to a "
                    + "file with its authority's certificate")
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CIPHER:
            self.init(
                kind: .untrusted,
                reason:
                    "the certificates to trust could not be read (\(detail)); check the file that SSL_CERT_FILE names")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self = .badAnswer("it does not speak HTTP there (\(detail))")
        default:
            self.init(kind: .tooManyTries, reason: "the connection broke (\(detail))", isRetried: true)
        }
    }

    private static func isHub(_ host: String) -> Bool {
        let name = host.split(separator: ":").first.map(String.init) ?? ""
        return ["huggingface.co", "hf.co"].contains { name == $0 || name.hasSuffix(".\($0)") }
    }
}

// MARK: - The status

extension Failure {
    /// What an answer means that is neither the file nor leads to it.
    ///
    /// - Parameters:
    ///   - isSigned: the request had a signature, which holds for a quarter of an hour.
    ///   - now: seconds since 1970.
    init(_ head: ResponseHead, isSigned: Bool, hasHeaders: Bool, now: Int64) {
        let status = head.status
        switch status {
        case 401, 403:
            var reason = "it refuses access (HTTP \(status)); "
            if let date = head["date"].flatMap(HTTPDate.seconds), isSigned, abs(date - now) > 300 {
                reason +=
                    "its clock and this machine's are \(TimeSpan.text(Double(abs(date - now)))) apart: set the clock"
            } else if isSigned {
                reason += "check the access key, its rights and the region"
            } else if hasHeaders {
                reason += "check that the token is right and may read this"
            } else {
                reason += "it wants a token or key, and none was sent"
            }
            self.init(kind: .unauthorized, reason: reason)
        case 404, 410:
            self.init(kind: .notFound, reason: "it has no such file (HTTP \(status))")
        case 408, 425, 429, 500, 502, 503, 504, 506...599:
            let what = status == 429 ? "it had too many requests" : "it failed"
            self.init(
                kind: .refused(status: status), reason: "\(what) (HTTP \(status))", isRetried: true,
                retryAfter: head.retryAfter(now: now))
        case 301 where head["x-amz-bucket-region"] != nil:
            let region = PlainText.short(head["x-amz-bucket-region"] ?? "")
            self.init(kind: .refused(status: status), reason: "the bucket is in the region \(region)")
        default:
            self.init(kind: .refused(status: status), reason: "it answered HTTP \(status)")
        }
    }
}

import CCurl
import Glibc

/// One HTTP exchange to make.
struct TransferRequest: Sendable {
    var url: String
    /// POSTed as JSON; nil for a GET.
    var body: [UInt8]?
    var apiKey: String?
    var traceparent: String?
    /// The limit for the whole exchange.
    var timeout: Duration
    /// How long nothing may come: of a stream no sign of progress, of another answer no byte.
    var silenceLimit: Duration
    var connectTimeout: Duration
    var maximumAnswerBytes: Int
    /// Reads the body of a 2xx answer while it comes, where it is a stream of events; nil keeps any body whole.
    var stream: ChatStream?
    /// Called on the loop's thread with each sign of progress in the stream; it must not block.
    var onProgress: (@Sendable () -> Void)?
}

/// What came of it.
struct TransferResponse: Sendable {
    var status: Int
    /// Empty where the body was a stream of events.
    var body: [UInt8]
    /// The stream, whole or failed; nil where the body was none.
    var stream: ChatStream?
    /// From `Retry-After`, zero without it.
    var retryAfter: Duration
    var milliseconds: Int
}

/// An exchange that has no response.
struct TransferFailure: Error, Sendable {
    enum Kind: Sendable {
        /// The request cannot have reached a server that works on it: nobody listened.
        case notConnected
        /// The request was sent, and the connection broke before the whole answer was here.
        case connectionLost
        case timedOut
        case tooLarge
        case invalid
        case cancelled
    }

    var kind: Kind
    /// libcurl's words, which name addresses at most.
    var message: String
}

/// One easy handle with what it refers to. It lives and dies on the thread of the `TransferLoop`.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    /// Where its connection comes from and goes to. Let go after the handle, which is freed in `deinit`.
    private let connections: ConnectionCache
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let maximumAnswerBytes: Int
    private let onProgress: (@Sendable () -> Void)?
    private var received: [UInt8] = []
    private var isTooLarge = false
    /// Where a stream of events would go.
    private var stream: ChatStream?
    /// Known with the first byte of the body, when all of the header is here.
    private var isStream: Bool?
    /// On a kept connection that dies before the first byte of an answer libcurl sends the request again by itself.
    private var timesSent = 0
    private let silenceLimit: Duration
    /// Of a clock that stands still while the machine sleeps: no engine is to blame for that.
    private var lastSign = SuspendingClock.now

    /// - Returns: nil where libcurl refuses a handle or an option, for want of memory or for a malformed URL.
    init?(_ request: TransferRequest, _ connections: ConnectionCache) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.connections = connections
        silenceLimit = request.silenceLimit
        maximumAnswerBytes = request.maximumAnswerBytes
        onProgress = request.onProgress
        stream = request.stream
        headers = Self.headers(for: request)
        guard configure(request) else { return nil }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }

    private static func headers(for request: TransferRequest) -> UnsafeMutablePointer<curl_slist>? {
        var lines = ["Accept: application/json" + (request.stream == nil ? "" : ", text/event-stream")]
        // Without "Expect:" libcurl holds back a body over 1 MB for up to a second, for a 100 that engines do not send.
        if request.body != nil { lines += ["Content-Type: application/json", "Expect:"] }
        if let key = request.apiKey { lines.append("Authorization: Bearer \(key)") }
        if let traceparent = request.traceparent { lines.append("traceparent: \(traceparent)") }
        return lines.reduce(nil) { list, line in curl_slist_append(list, line) ?? list }
    }

    private func configure(_ request: TransferRequest) -> Bool {
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, request.url),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_string(handle, CURLOPT_USERAGENT, "coxswain-ocr"),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers),
            ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            // A proxy from the environment is meant for the world outside, never for the engine beside us.
            ccurl_set_string(handle, CURLOPT_NOPROXY, "*"),
            // Without it libcurl's resolver uses SIGALRM, which a program with threads must not.
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
            ccurl_set_share(handle, connections.share),
            // Below the 5 s after which uvicorn, on which vLLM and SGLang run, closes an idle connection.
            ccurl_set_long(handle, CURLOPT_MAXAGE_CONN, 3),
            ccurl_set_prerequest(handle, aboutToSend, Unmanaged.passUnretained(self).toOpaque()),
            ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, max(request.timeout.wholeMilliseconds, 1)),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, max(request.connectTimeout.wholeMilliseconds, 1)),
            ccurl_set_writer(handle, receive, Unmanaged.passUnretained(self).toOpaque()),
        ]
        if let body = request.body {
            codes.append(ccurl_set_body(handle, body, body.count))
        }
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    /// - Returns: the number of bytes taken; another number than offered ends the transfer.
    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        if comesAsStream {
            if stream?.take(bytes) == true {
                lastSign = .now
                onProgress?()
            }
            return stream?.isOver == true ? 0 : bytes.count
        }
        lastSign = .now
        guard bytes.count <= maximumAnswerBytes - received.count else {
            isTooLarge = true
            return 0
        }
        received.append(contentsOf: bytes)
        return bytes.count
    }

    fileprivate func willSend() {
        timesSent += 1
    }

    /// When to give it up if nothing comes before. A stream that has said why it ends owes its usage at most.
    var silenceEnd: SuspendingClock.Instant {
        lastSign + (stream?.isWhole == true ? min(silenceLimit, .seconds(5)) : silenceLimit)
    }

    private var comesAsStream: Bool {
        if let isStream { return isStream }
        let type = ccurl_get_string(handle, CURLINFO_CONTENT_TYPE).map { String(cString: $0).lowercased() } ?? ""
        let status = ccurl_get_long(handle, CURLINFO_RESPONSE_CODE)
        let isStream = stream != nil && (200..<300).contains(status) && type.hasPrefix("text/event-stream")
        self.isStream = isStream
        return isStream
    }

    /// What the transfer came to, once libcurl says that it has ended.
    func result(_ code: CURLcode) -> Result<TransferResponse, TransferFailure> {
        let stream = isStream == true ? stream : nil
        // A stream that said its last word is an answer, however its connection ended.
        guard stream.map({ $0.isWhole || $0.hasFailed }) ?? (code == CURLE_OK) else {
            return .failure(
                code == CURLE_OK
                    ? TransferFailure(kind: .connectionLost, message: "the stream of its answer ended too early")
                    : failure(code))
        }
        return .success(
            TransferResponse(
                status: ccurl_get_long(handle, CURLINFO_RESPONSE_CODE), body: received, stream: stream,
                retryAfter: .seconds(ccurl_get_offset(handle, CURLINFO_RETRY_AFTER)),
                milliseconds: ccurl_get_offset(handle, CURLINFO_TOTAL_TIME_T) / 1000))
    }

    private func failure(_ code: CURLcode) -> TransferFailure {
        // Whoever took the request on a kept connection and is not there any more when libcurl sends it again was lost,
        // however the second connection failed: a page that kills its engine must not pass for one that never came.
        let wasSent = timesSent > 0
        let kind: TransferFailure.Kind =
            switch code {
            case _ where isTooLarge: .tooLarge
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalid
            case _ where !wasSent: .notConnected
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            default: .connectionLost
            }
        return TransferFailure(kind: kind, message: String(cString: curl_easy_strerror(code)))
    }
}

private func aboutToSend(
    _ context: UnsafeMutableRawPointer?, _ address: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?, _ port: Int32, _ localPort: Int32
) -> Int32 {
    if let context { Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().willSend() }
    return CURL_PREREQFUNC_OK
}

private func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

extension Duration {
    /// Rounded down; what does not fit is the largest there is.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < Int64.max / 2000 else { return Int.max }
        return Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

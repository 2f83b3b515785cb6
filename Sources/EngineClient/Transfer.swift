import CCurl
import Glibc

/// One HTTP exchange to make.
struct TransferRequest: Sendable {
    var url: String
    /// POSTed as JSON; nil for a GET.
    var body: [UInt8]?
    var apiKey: String?
    var timeout: Duration
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
        /// The connection broke before the whole answer was here.
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
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let maximumAnswerBytes: Int
    private let onProgress: (@Sendable () -> Void)?
    private var received: [UInt8] = []
    private var isTooLarge = false
    /// Where a stream of events would go.
    private var stream: ChatStream?
    /// Known with the first byte of the body, when all of the header is here.
    private var isStream: Bool?

    /// - Returns: nil where libcurl refuses a handle or an option, for want of memory or for a malformed URL.
    init?(_ request: TransferRequest) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
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
            // On a kept connection that dies libcurl sends the request again by itself, so that a page which kills its
            // engine would not be counted. A connection of its own costs a fraction of a millisecond on loopback.
            ccurl_set_long(handle, CURLOPT_FRESH_CONNECT, 1),
            ccurl_set_long(handle, CURLOPT_FORBID_REUSE, 1),
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
            if stream?.take(bytes) == true { onProgress?() }
            return stream?.hasFailed == true ? 0 : bytes.count
        }
        guard bytes.count <= maximumAnswerBytes - received.count else {
            isTooLarge = true
            return 0
        }
        received.append(contentsOf: bytes)
        return bytes.count
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
        // Set once a connection (with its TLS) stands and the request is about to be sent.
        let isConnected = ccurl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T) > 0
        let kind: TransferFailure.Kind =
            switch code {
            case _ where isTooLarge: .tooLarge
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalid
            case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST: .notConnected
            case _ where !isConnected: .notConnected
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            default: .connectionLost
            }
        return TransferFailure(kind: kind, message: String(cString: curl_easy_strerror(code)))
    }
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

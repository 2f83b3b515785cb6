import CCurl
import Downloads
import Egress
import Glibc

/// One easy handle with what it refers to.
final class WebExchange {
    let handle: UnsafeMutableRawPointer
    private let call: WebCall
    private var body: BodyReader?
    private var head = ResponseHead()
    private var headTime: ContinuousClock.Instant?
    private var bytes: [UInt8] = []
    private let gate: EgressGate?
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// libcurl's words about a failure.
    private let detailBuffer: UnsafeMutablePointer<CChar>

    /// - Returns: nil where libcurl refuses a handle or an option, for want of memory or for what it finds in the call.
    init?(_ call: WebCall) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.call = call
        detailBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        detailBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        body = call.body.map(BodyReader.init)
        gate = call.egress.map(EgressGate.init)
        guard configure() else { return nil }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        detailBuffer.deallocate()
    }

    private func configure() -> Bool {
        let limits = call.limits
        let token = call.signing?.sessionToken.map { ["x-amz-security-token: \($0)"] } ?? []
        headers = (call.headers + token).reduce(nil) { list, line in curl_slist_append(list, line) ?? list }
        let context = Unmanaged.passUnretained(self).toOpaque()
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, call.signing == nil ? call.url : S3Query.sorted(call.url)),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_string(handle, CURLOPT_USERAGENT, call.userAgent),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers),
            ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            // A key may have "." and ".." in it, which are signed as they are.
            ccurl_set_long(handle, CURLOPT_PATH_AS_IS, call.signing == nil ? 0 : 1),
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            // Ending while a name is looked up would wait for the answer, or its timeout.
            ccurl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
            ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, max(limits.connectSeconds, 1) * 1000),
            ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, limits.totalMilliseconds ?? 0),
            ccurl_set_long(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, max(limits.continueMilliseconds, 1)),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, max(limits.minimumBytesPerSecond, 1)),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(limits.stallSeconds, 1)),
            ccurl_set_string(handle, CURLOPT_ERRORBUFFER, detailBuffer),
            ccurl_set_header_reader(handle, headerCallback, context),
            ccurl_set_writer(handle, bodyCallback, context),
        ]
        if let body {
            codes.append(ccurl_set_upload(handle, Int64(body.count), readCallback, seekCallback, context))
        }
        if call.method == "HEAD" {
            codes.append(ccurl_set_long(handle, CURLOPT_NOBODY, 1))
        } else {
            codes.append(ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, call.method))
        }
        if let certificates = call.certificateFile {
            codes.append(ccurl_set_string(handle, CURLOPT_CAINFO, certificates))
        }
        if let signing = call.signing {
            codes += [
                ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signing.region):\(signing.service)"),
                ccurl_set_string(handle, CURLOPT_USERNAME, signing.accessKey),
                ccurl_set_string(handle, CURLOPT_PASSWORD, signing.secretKey),
            ]
        }
        // Last, since it has the last word about proxies and protocols.
        return codes.allSatisfy { $0 == CURLE_OK } && gate?.install(on: handle) ?? true
    }

    // MARK: - What became of it

    /// The answer, when libcurl is done with it.
    func outcome(_ code: CURLcode) throws(WebCallFailure) -> WebAnswer {
        if let problem = body?.problem { throw WebCallFailure(.unreadable, problem) }
        if headTime != nil { return WebAnswer(head: head, body: bytes, isWhole: code == CURLE_OK) }
        let own = String(cString: detailBuffer)
        throw WebCallFailure(kind(code), own.isEmpty ? String(cString: curl_easy_strerror(code)) : own)
    }

    /// The answer without the rest of its body, once that takes too long.
    var overdueAnswer: WebAnswer? {
        guard let headTime, let limit = call.limits.drainMilliseconds, .now - headTime > .milliseconds(limit) else {
            return nil
        }
        return WebAnswer(head: head, body: bytes, isWhole: false)
    }

    private func kind(_ code: CURLcode) -> WebCallFailure.Kind {
        if gate?.refused != nil { return .refusedAddress }
        return switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_SSL_CONNECT_ERROR: .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        // What OpenSSL finds well and libcurl does not is the name. libcurl 7.88 looks at the name first, and its result is
        // still what it was before (1).
        case CURLE_PEER_FAILED_VERIFICATION where ccurl_get_long(handle, CURLINFO_SSL_VERIFYRESULT) <= 1: .wrongHost
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_CERTPROBLEM:
            .untrusted
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalid
        default: .broken
        }
    }

    // MARK: - Called by libcurl

    fileprivate func takeHeader(_ line: UnsafeRawBufferPointer) {
        // Trailers come here too, after the body.
        guard headTime == nil else { return }
        let line = String(decoding: line, as: UTF8.self)
        guard line.allSatisfy(\.isNewline) else { return head.take(line) }
        if head.status >= 200 { headTime = .now }
    }

    /// - Returns: false to end the exchange.
    fileprivate func takeBody(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count + piece.count <= call.limits.answerBytes else { return false }
        bytes += piece
        return true
    }

    fileprivate func readBody(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        body?.read(into: buffer) ?? 0
    }

    fileprivate func seekBody(to offset: Int64) -> Bool { body?.seek(to: offset) ?? false }
}

private func exchange(_ context: UnsafeMutableRawPointer) -> WebExchange {
    Unmanaged<WebExchange>.fromOpaque(context).takeUnretainedValue()
}

private func headerCallback(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    exchange(context).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

private func bodyCallback(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let length = size * count
    // Zero bytes taken of zero is no failure.
    return exchange(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : length + 1
}

private func readCallback(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return Int(CURL_READFUNC_ABORT) }
    return exchange(context).readBody(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
}

private func seekCallback(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: CInt) -> CInt {
    guard let context, origin == SEEK_SET, exchange(context).seekBody(to: Int64(offset)) else {
        return CURL_SEEKFUNC_FAIL
    }
    return CURL_SEEKFUNC_OK
}

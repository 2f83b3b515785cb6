import CCurl
import Egress

/// One request to make.
struct ExchangeRequest {
    var route: Route
    /// The bytes asked for, both ends among them; nil for all of the file. `last` is nil for all to its end.
    var range: (first: Int64, last: Int64?)?
    /// Goes with a range as `If-Range`.
    var validator: String?
}

/// One easy handle with what it refers to.
final class Exchange {
    enum Taking {
        case body
        /// The body says nothing that is wanted here; a short one is still read, so that the connection can serve again.
        case nothing
        case end
    }

    let handle: UnsafeMutableRawPointer
    let request: ExchangeRequest
    private(set) var head = ResponseHead()
    private var isHeadWhole = false
    private var taking = Taking.body
    private var ignored = 0
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// libcurl's words about a failure.
    private let detailBuffer: UnsafeMutablePointer<CChar>
    /// Judges each address that a connection would go to.
    private let gate: EgressGate?
    private let onHead: (ResponseHead) -> Taking
    private let onBytes: (UnsafeRawBufferPointer) -> Bool

    /// - Parameters:
    ///   - onHead: called once, when the answer's header is there.
    ///   - onBytes: called with each piece of the body; false ends the exchange.
    /// - Returns: nil where libcurl refuses a handle or an option, for want of memory or for what it finds in the request.
    init?(
        _ request: ExchangeRequest, _ options: DownloadOptions, onHead: @escaping (ResponseHead) -> Taking,
        onBytes: @escaping (UnsafeRawBufferPointer) -> Bool
    ) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.request = request
        self.onHead = onHead
        self.onBytes = onBytes
        gate = options.egress.map(EgressGate.init)
        detailBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        detailBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard configure(options) else { return nil }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        detailBuffer.deallocate()
    }

    private func configure(_ options: DownloadOptions) -> Bool {
        let route = request.route
        let signing = route.signingToUse
        var lines = route.headersToSend
        if signing != nil { lines += Self.signedHeaders(signing) }
        if request.range != nil, let validator = request.validator { lines.append("If-Range: \(validator)") }
        headers = lines.reduce(nil) { list, line in curl_slist_append(list, line) ?? list }
        let context = Unmanaged.passUnretained(self).toOpaque()
        var codes = [
            ccurl_set_string(handle, CURLOPT_URL, signing == nil ? route.current : S3Query.sorted(route.current)),
            ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            ccurl_set_string(handle, CURLOPT_USERAGENT, options.userAgent),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers),
            // Several ranges of one file over one HTTP/2 connection share its one window and one congestion control.
            ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            // A key may have "." and ".." in it, which are signed as they are.
            ccurl_set_long(handle, CURLOPT_PATH_AS_IS, signing == nil ? 0 : 1),
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            // Ending while a name is looked up would wait for the answer, or its timeout.
            ccurl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
            ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
            ccurl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_long(handle, CURLOPT_BUFFERSIZE, 512 << 10),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, max(options.connectTimeoutSeconds, 1) * 1000),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, max(options.minimumBytesPerSecond, 1)),
            ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(options.stallSeconds, 1)),
            ccurl_set_string(handle, CURLOPT_ERRORBUFFER, detailBuffer),
            ccurl_set_header_reader(handle, readHeader, context),
            ccurl_set_writer(handle, readBody, context),
        ]
        if let certificates = options.certificateFile {
            codes.append(ccurl_set_string(handle, CURLOPT_CAINFO, certificates))
        }
        if let range = request.range {
            let text = "\(range.first)-" + (range.last.map { "\($0)" } ?? "")
            codes.append(ccurl_set_string(handle, CURLOPT_RANGE, text))
        }
        if let signing {
            codes += [
                ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signing.region):\(signing.service)"),
                ccurl_set_string(handle, CURLOPT_USERNAME, signing.accessKey),
                ccurl_set_string(handle, CURLOPT_PASSWORD, signing.secretKey),
            ]
        }
        return codes.allSatisfy { $0 == CURLE_OK } && gate?.install(on: handle) ?? true
    }

    /// S3 wants the body's digest as a header, which libcurl 7.88 signs but does not make; that of no bytes, here.
    private static func signedHeaders(_ signing: S3Signing?) -> [String] {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        return ["x-amz-content-sha256: \(empty)"]
            + (signing?.sessionToken.map { ["x-amz-security-token: \($0)"] } ?? [])
    }

    /// Where the answer sends on to, as an absolute URL.
    var redirect: String? { ccurl_get_string(handle, CURLINFO_REDIRECT_URL).map { String(cString: $0) } }

    /// The failure that libcurl ended it with.
    func failure(_ code: CURLcode, _ options: DownloadOptions) -> Failure {
        if let address = gate?.refused {
            return Failure(
                kind: .denied,
                reason:
                    "its address \(address) is private, special or this machine's own, and COXSWAIN_EGRESS_NETWORKS "
                    + "does not name it")
        }
        // The same kind as of a name that there is not: see `DownloadError.Kind.denied`.
        if code == CURLE_OPERATION_TIMEDOUT, gate?.wasAsked == false {
            return Failure(kind: .denied, reason: "its name could not be resolved in time; check DNS", mayPass: true)
        }
        let own = String(cString: detailBuffer)
        return Failure(
            code: code, wasSent: ccurl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T) > 0,
            detail: own.isEmpty ? String(cString: curl_easy_strerror(code)) : own, host: request.route.host,
            options: options)
    }

    // MARK: - Called by libcurl

    /// - Returns: false to end the exchange.
    fileprivate func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Trailers come here too, after the body.
        guard !isHeadWhole else { return true }
        let line = String(decoding: bytes, as: UTF8.self)
        guard line.allSatisfy(\.isNewline) else {
            head.take(line)
            return true
        }
        guard head.status >= 200 else { return true }
        isHeadWhole = true
        taking = onHead(head)
        if case .end = taking { return false }
        return true
    }

    fileprivate func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch taking {
        case .body: return onBytes(bytes)
        case .nothing:
            ignored += bytes.count
            return ignored <= 64 << 10
        case .end: return false
        }
    }
}

private func readHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let length = size * count
    return exchange.takeHeader(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
}

private func readBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let length = size * count
    // Zero bytes taken of zero is no failure.
    return exchange.takeBody(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : length + 1
}

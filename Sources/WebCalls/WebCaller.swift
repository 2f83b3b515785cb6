import CCurl

/// Makes requests one after another on the thread that calls, and keeps the connections between them.
///
/// Redirects are not followed: they are answers as others are.
package final class WebCaller {
    private let multi: UnsafeMutableRawPointer
    /// How often a call looks whether it is cancelled.
    private static let turnMilliseconds: Int32 = 50

    /// - Returns: nil where the system refuses memory or descriptors.
    package init?() {
        guard globalInitialization == CURLE_OK, let multi = curl_multi_init() else { return nil }
        self.multi = multi
    }

    deinit { curl_multi_cleanup(multi) }

    /// - Parameter isCancelled: asked on this thread, twenty times a second.
    /// - Returns: the answer, whatever its status, once its header is there.
    package func answer(to call: WebCall, isCancelled: () -> Bool) throws(WebCallFailure) -> WebAnswer {
        // A line break would begin a header of its own.
        guard call.headers.allSatisfy(Self.isHeader), Self.isHeader("User-Agent: \(call.userAgent)") else {
            throw WebCallFailure(.invalid, "a header has a control character")
        }
        guard let exchange = WebExchange(call) else { throw WebCallFailure(.invalid) }
        guard curl_multi_add_handle(multi, exchange.handle) == CURLM_OK else { throw WebCallFailure(.invalid) }
        // libcurl holds no reference to it.
        defer { withExtendedLifetime(exchange) { _ = curl_multi_remove_handle(multi, exchange.handle) } }
        while true {
            if isCancelled() { throw WebCallFailure(.cancelled) }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            var ended: UnsafeMutableRawPointer?
            var code = CURLE_OK
            if ccurl_next_finished(multi, &ended, &code) { return try exchange.outcome(code) }
            if let answer = exchange.overdueAnswer { return answer }
            curl_multi_poll(multi, nil, 0, Self.turnMilliseconds, nil)
        }
    }

    private static func isHeader(_ line: String) -> Bool {
        line.contains(":") && !line.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
    }
}

/// Once a process, and before any other call: libcurl's own initialization is not safe among threads in every build.
private let globalInitialization = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

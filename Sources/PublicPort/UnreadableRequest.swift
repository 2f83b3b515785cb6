package import Health
package import NIOHTTP1

/// How large a request's header may be, whoever answers it.
package enum HeaderLimits {
    /// Bytes of one field, name and value; also of the request's target.
    package static let field = 16 << 10
    /// Bytes of all of them.
    package static let all = 64 << 10
    package static let count = 100

    package static var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = field
        limits.maxHeaderListSize = all
        limits.maxHeaderFieldCount = count
        return limits
    }
}

extension HealthAnswer {
    /// The answer to what could not be read as a request; nil where the connection itself failed.
    package init?(unreadable error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            self.init(
                status: 431,
                detail:
                    "The request's header is too large: at most \(HeaderLimits.count) fields, \(HeaderLimits.field) bytes in "
                    + "one and \(HeaderLimits.all) bytes in all are taken.")
        case is HTTPParserError: self.init(status: 400, detail: "This is not a valid HTTP/1.1 request.")
        case let delay as RequestTooSlow where delay.part != .silence:
            self.init(status: 408, detail: delay.detail)
        default: return nil
        }
    }

    private init(status: Int, detail: String) {
        self.init(
            status: status, headers: [("Content-Type", "application/json")], body: JSONText.encode(["detail": detail]))
    }
}

extension RequestTooSlow {
    /// For the client.
    package var detail: String {
        let limits = RequestPace.Limits()
        return switch part {
        case .silence, .header: "The request's header did not come within \(Int(limits.header)) s."
        case .body:
            "The request's body came too slowly: it may pause for \(Int(limits.grace)) s, and must come at "
                + "\(Int(limits.rate)) bytes a second or more."
        }
    }
}

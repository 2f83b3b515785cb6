import CCurl

/// Where requests for one resource go: its URL first, then to where that leads.
///
/// Redirects are followed here and not by libcurl, so that what is meant for the first host is seen to stay there.
package struct Route: Sendable {
    package let url: String
    private let headers: [String]
    private let signing: S3Signing?
    private let origin: Origin
    /// The URL to ask next.
    package private(set) var current: String
    private(set) var currentOrigin: Origin
    private var hops = 0

    package static let mostHops = 10

    /// - Returns: nil where `url` is no `http` or `https` URL.
    package init?(_ url: String, headers: [String], signing: S3Signing?) {
        guard let origin = Origin(url) else { return nil }
        self.url = url
        self.headers = headers
        self.signing = signing
        self.origin = origin
        current = url
        currentOrigin = origin
    }

    package var isRedirected: Bool { hops > 0 }
    /// Of the host that is asked next, for messages.
    package var host: String { currentOrigin.shown }
    package var headersToSend: [String] { currentOrigin == origin ? headers : [] }
    package var signingToUse: S3Signing? { currentOrigin == origin ? signing : nil }

    /// Back to the first URL.
    package mutating func reset() {
        current = url
        currentOrigin = origin
        hops = 0
    }

    /// - Parameter location: the absolute URL that the answer names.
    /// - Returns: why it may not be followed, as the rest of a sentence about the host; nil when it is.
    package mutating func follow(_ location: String?) -> String? {
        guard let location, let next = Origin(location) else {
            return "sends on to something that is no http or https URL"
        }
        guard currentOrigin.scheme != "https" || next.scheme == "https" else {
            return "sends on from https to http (\(next.shown)), where anybody could alter the file"
        }
        guard hops < Self.mostHops else { return "sends on more than \(Self.mostHops) times" }
        hops += 1
        current = location
        currentOrigin = next
        return nil
    }
}

/// Whom a URL leads to.
struct Origin: Sendable, Hashable {
    var scheme: String
    var host: String
    var port: String
    /// Whether the port is what the scheme means anyway.
    private var isUsualPort: Bool

    init?(_ text: String) {
        guard let url = curl_url() else { return nil }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK,
            let scheme = Self.part(url, CURLUPART_SCHEME, 0), scheme == "http" || scheme == "https",
            let host = Self.part(url, CURLUPART_HOST, 0),
            let port = Self.part(url, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT))
        else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        isUsualPort = port == (scheme == "https" ? "443" : "80")
    }

    /// For messages.
    var shown: String { isUsualPort ? host : "\(host):\(port)" }

    static func path(_ text: String) -> String {
        guard let url = curl_url() else { return "" }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK else { return "" }
        return part(url, CURLUPART_PATH, 0) ?? ""
    }

    private static func part(_ url: OpaquePointer, _ part: CURLUPart, _ flags: UInt32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}

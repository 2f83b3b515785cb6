import CCurl
import Egress

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
    private let mostHops: Int
    private let egress: EgressPolicy?

    package init(
        _ url: String, headers: [String], signing: S3Signing?, _ options: DownloadOptions
    ) throws(Failure) {
        let url = try options.egress.map { egress throws(Failure) in try Self.checked(url, egress) } ?? url
        guard let origin = Origin(url) else { throw .invalid("its URL is no http or https URL") }
        mostHops = options.redirects
        egress = options.egress
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
    /// - Returns: why it may not be followed; nil when it is.
    package mutating func follow(_ location: String) -> Failure? {
        // Before it is looked at: whether it is a URL at all is what the policy says too.
        var location = location
        do throws(Failure) {
            if let egress { location = try Self.checked(location, egress) }
        } catch {
            var failure = error
            failure.reason = "it sends on to another URL, and \(error.reason)"
            return failure
        }
        guard let next = Origin(location) else {
            return .badAnswer("it sends on to something that is no http or https URL")
        }
        guard currentOrigin.scheme != "https" || next.scheme == "https" else {
            return .badAnswer(
                "it sends on from https to http (\(next.shown)), where anybody could alter the file")
        }
        guard hops < mostHops else { return .badAnswer("it sends on more than \(mostHops) times") }
        hops += 1
        current = location
        currentOrigin = next
        return nil
    }

    private static func checked(_ url: String, _ egress: EgressPolicy) throws(Failure) -> String {
        do {
            return try egress.checked(url)
        } catch {
            throw Failure(kind: .denied, reason: error.description)
        }
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

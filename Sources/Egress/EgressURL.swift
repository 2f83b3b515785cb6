import CCurl

/// A URL that somebody else gave, taken apart.
///
/// Parsers of URLs differ in what they make of the unusual: that is how one host is checked and another one asked. So what
/// is unusual in front of the path is refused, whatever it means, and what is asked is put together anew from the parts
/// that were checked.
struct EgressURL {
    enum Host: Equatable {
        /// In lower case.
        case name(String)
        case address(IPAddress)
    }

    var isSecure: Bool
    var host: Host
    var port: Int
    /// With the query; begins with a slash.
    private var path: String

    /// As in any web server's limits on a request's first line.
    private static let longest = 8192

    var usualPort: Int { isSecure ? 443 : 80 }

    /// - Throws: why it is not asked, as the rest of a sentence about the URL.
    init(_ text: String) throws(EgressRefusal) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest else {
            throw EgressRefusal(form: "it is longer than \(Self.longest) bytes")
        }
        guard !bytes.contains(where: { $0 <= 32 || $0 == 127 || $0 == UInt8(ascii: "\\") }) else {
            throw EgressRefusal(
                form: "it has a space, a control character or a backslash, which a URL writes as %20 and the like")
        }
        guard let mark = bytes.firstRange(of: Array("://".utf8)) else {
            throw EgressRefusal(form: "it does not begin with http:// or https://")
        }
        switch String(decoding: bytes[..<mark.lowerBound], as: UTF8.self).lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw EgressRefusal(form: "it does not begin with http:// or https://")
        }
        let rest = bytes[mark.upperBound...]
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw EgressRefusal(form: "it has a user name or password, which are not sent")
        }
        guard authority.allSatisfy({ $0 < 128 }) else {
            throw EgressRefusal(
                form: "its host has other letters than a–z: write the name as DNS has it, with xn--")
        }
        guard let (host, port) = Self.authority(String(decoding: authority, as: UTF8.self).lowercased()[...]) else {
            throw EgressRefusal(
                form:
                    "its host is no name such as example.com and no address such as 192.0.2.1 or [2001:db8::1], or its "
                    + "port is not one of 1 to 65535")
        }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        path = Self.path(rest[end...])
        guard isReadSo() else { throw EgressRefusal(form: "it can be read in more than one way") }
    }

    /// The URL to ask: in one form only, without a fragment.
    var text: String {
        let host =
            switch host {
            case .name(let name): name
            case .address(let address): address.bytes.count == 4 ? address.description : "[\(address)]"
            }
        let port = port == usualPort ? "" : ":\(port)"
        return "\(isSecure ? "https" : "http")://\(host)\(port)\(path)"
    }

    // MARK: - Its parts

    /// - Parameter text: in lower case: `host`, `host:port`, `[address]:port`.
    static func authority(_ text: Substring) -> (host: Host, port: Int?)? {
        var rest = text
        let host: Host
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            let inside = rest[rest.index(after: rest.startIndex)..<end]
            guard inside.utf8.contains(UInt8(ascii: ":")), let address = IPAddress(inside) else { return nil }
            host = .address(address)
            rest = rest[end...].dropFirst()
            guard rest.isEmpty || rest.first == ":" else { return nil }
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            guard let found = plainHost(rest[..<end]) else { return nil }
            host = found
            rest = rest[end...]
        }
        guard rest.first == ":" else { return (host, nil) }
        let digits = rest.dropFirst()
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        return (host, port)
    }

    private static func plainHost(_ text: Substring) -> Host? {
        // A name that ends in a number is an address to some, in whatever base (WHATWG URL, 3.5): then it has to be one.
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last else { return nil }
        if last.utf8.allSatisfy({ (48...57).contains($0) }) || last.hasPrefix("0x") {
            return IPAddress(text).map(Host.address)
        }
        guard text.utf8.count <= 253, labels.allSatisfy({ (1...63).contains($0.utf8.count) }) else { return nil }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName ? .name(String(text)) : nil
    }

    /// What people paste from a browser's address field has letters that a URL writes with percent signs.
    private static func path(_ bytes: ArraySlice<UInt8>) -> String {
        var result = bytes.first == UInt8(ascii: "/") ? "" : "/"
        for byte in bytes.prefix(while: { $0 != UInt8(ascii: "#") }) {
            if byte < 128, !"\"<>^`{|}".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    /// Whether libcurl, which is to ask, reads the same scheme, host and port from it.
    private func isReadSo() -> Bool {
        guard let url = curl_url() else { return false }
        defer { curl_url_cleanup(url) }
        func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK, part(CURLUPART_USER) == nil,
            part(CURLUPART_SCHEME) == (isSecure ? "https" : "http"),
            part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)) == "\(port)", let read = part(CURLUPART_HOST)
        else { return false }
        switch host {
        case .name(let name): return read.lowercased() == name
        case .address(let address):
            let bare = read.hasPrefix("[") ? String(read.dropFirst().dropLast()) : read
            return IPAddress(bare) == address
        }
    }
}

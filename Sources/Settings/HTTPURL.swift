/// Enough of RFC 3986 for `http://host:port/path`.
package struct HTTPURL: Sendable, Equatable {
    /// `http` or `https`.
    package var scheme: String
    /// As written; an IPv6 address keeps its brackets.
    package var host: String
    package var port: UInt16
    /// Without query and fragment, and without a slash at the end.
    package var path: String

    /// - Returns: nil for another scheme, for credentials in the URL, and for a port that is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("//") else { return nil }
        scheme = parts[0].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = parts[1].dropFirst(2)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        path = String(rest[authority.endIndex...].prefix { $0 != "?" && $0 != "#" })
        while path.hasSuffix("/") { path.removeLast() }
        var host = authority
        port = scheme == "https" ? 443 : 80
        if let last = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let number = UInt16(authority[authority.index(after: last)...]), number > 0 else { return nil }
            host = authority[..<last]
            port = number
        }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        self.host = String(host)
    }
}

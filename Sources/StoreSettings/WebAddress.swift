/// An http or https URL in the parts that decide who is asked, and how safely.
package struct WebAddress: Sendable, Equatable, CustomStringConvertible {
    package var isEncrypted: Bool
    /// In lower case; an IPv6 address keeps its brackets.
    package var host: String
    /// nil where it is the scheme's own.
    package var port: Int?
    /// Begins with a slash or is empty, and never ends with a slash; as it was written, percent signs included.
    package var path: String

    /// - Returns: nil for anything else than `http(s)://HOST[:PORT][/PATH]`: neither users, questions nor fragments belong
    ///   into the address of a place.
    package init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("https://") {
            isEncrypted = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isEncrypted = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}?#".utf8.contains($0) }) else { return nil }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        guard !authority.contains("@"), let (name, port) = Self.parts(of: authority) else { return nil }
        host = name.lowercased()
        self.port = port
    }

    private static func parts(of authority: Substring) -> (String, Int?)? {
        var name = authority
        var after = Substring()
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[...end]
            after = authority[authority.index(after: end)...]
        } else if let colon = authority.firstIndex(of: ":") {
            name = authority[..<colon]
            after = authority[colon...]
        }
        guard !name.isEmpty else { return nil }
        if after.isEmpty { return (String(name), nil) }
        guard after.first == ":", let port = UInt16(after.dropFirst()), port > 0 else { return nil }
        return (String(name), Int(port))
    }

    /// Host and port, as messages name it.
    package var authority: String { port.map { "\(host):\($0)" } ?? host }

    package var description: String { "\(isEncrypted ? "https" : "http")://\(authority)\(path)" }

    /// Nobody between here and there can read or change anything.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}

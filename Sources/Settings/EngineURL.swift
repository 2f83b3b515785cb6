import Readable

/// Where an engine that runs elsewhere is.
struct EngineURL: Sendable, Equatable {
    /// What pages are sent to, without `/chat/completions`.
    var base: String
    /// The same without `/v1`: its `/health` lies there.
    var root: String
    var isEncrypted: Bool

    /// - Parameters:
    ///   - text: `http://HOST:PORT` with or without `/v1`; the paths that clients of the replaced container and of
    ///     OpenAI's API write behind it are cut off.
    ///   - alwaysVersioned: a path that does not end in `/v1` is one to which that is added.
    /// - Returns: nil for what is no http or https URL, or holds credentials.
    init?(_ text: String, alwaysVersioned: Bool) {
        guard let parts = HTTPURL(text) else { return nil }
        var path = parts.path
        for ending in ["/chat/completions", "/markdown"] where path.hasSuffix(ending) {
            path.removeLast(ending.count)
        }
        if path.isEmpty || alwaysVersioned && !path.hasSuffix("/v1") { path += "/v1" }
        let host = "\(parts.scheme)://\(parts.host):\(parts.port)"
        base = host + path
        root = host + (path.hasSuffix("/v1") ? String(path.dropLast(3)) : path)
        isEncrypted = parts.scheme == "https"
    }

    /// Why a text is no URL of an engine, as the end of a sentence; secrets are not repeated.
    static func problem(_ text: String) -> String {
        text.contains("@")
            ? "must be a URL without a user and a password" : "must be an http URL, not \"\(PlainText.short(text))\""
    }
}

extension HTTPURL {
    /// It names this container itself.
    var isLocal: Bool {
        ["localhost", "[::1]", "[::]", "0.0.0.0"].contains(host.lowercased())
            || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isNumber }
    }
}

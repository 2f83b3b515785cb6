/// What a request's header says of who sends it.
package enum Credentials: Sendable, Equatable {
    case none
    /// Nothing is known of it yet.
    case key(KeyDigest)
    /// Two that differ: nobody can tell which one is meant.
    case ambiguous

    /// - Parameters:
    ///   - authorization: the values of all fields `Authorization`. Those of another scheme than Bearer (RFC 6750) count
    ///     as not there: a proxy's own may have been left in.
    ///   - apiKey: the values of all fields `X-Api-Key`.
    package init(authorization: [String], apiKey: [String]) {
        let keys = (authorization.compactMap(Self.bearer) + apiKey.map { Self.trimmed($0[...].utf8) })
            .filter { !$0.isEmpty }
        let digests = keys.compactMap { KeyDigest(of: $0) }
        guard let digest = digests.first else {
            self = .none
            return
        }
        self = digests.allSatisfy(digest.matches) ? .key(digest) : .ambiguous
    }

    /// The token of `Bearer TOKEN`; nil for another scheme.
    private static func bearer(_ value: String) -> Substring.UTF8View? {
        let value = trimmed(value[...].utf8)
        let end = value.firstIndex(where: isSpace) ?? value.endIndex
        guard String(decoding: value[..<end], as: UTF8.self).lowercased() == "bearer" else { return nil }
        return trimmed(value[end...])
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

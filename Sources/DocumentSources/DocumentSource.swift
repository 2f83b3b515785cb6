package import StoreSettings

/// Where a document is to be fetched from, as a client names it.
package enum DocumentSource: Sendable, Equatable {
    /// A URL of http or https; whether it may be asked is the policy's to say.
    case web(String)
    case object(ObjectPlace)

    /// - Throws: ``DocumentSourceError/Kind/invalid``.
    package init(_ text: String) throws(DocumentSourceError) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "http", "https": self = .web(text)
        case "s3":
            guard let place = ObjectPlace("s3\(text.dropFirst(2))"), !place.key.isEmpty, !place.key.hasSuffix("/")
            else {
                throw DocumentSourceError(.invalid, "the URL is not of the form s3://bucket/key")
            }
            self = .object(place)
        default:
            throw DocumentSourceError(.invalid, "the URL is none of http, https or s3")
        }
    }

    /// What the other side calls the document: a label that nobody vouches for, as the name of an upload is.
    package var fileName: String? {
        let name: String
        switch self {
        case .object(let place): name = place.key.utf8Suffix(after: UInt8(ascii: "/"))
        case .web(let url):
            let bytes = Array(url.utf8)
            guard let mark = bytes.firstRange(of: Array("://".utf8)) else { return nil }
            let rest = bytes[mark.upperBound...].prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            guard let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            name = Self.decoded(rest[(slash + 1)...])
        }
        return name.isEmpty ? nil : name
    }

    /// Whom it is asked of: the host's name, or the bucket's; for logs, and to be fair among them.
    package var host: String {
        switch self {
        case .object(let place): return place.bucket
        case .web(let url):
            guard let mark = url.firstRange(of: "://") else { return "" }
            let authority = url[mark.upperBound...].prefix { !"/?#\\".contains($0) }
            // What is in front of an at sign is a password, perhaps.
            return authority.split(separator: "@").last.map { $0.lowercased() } ?? ""
        }
    }

    /// Without its percent signs; what is no such sign, or no UTF-8 behind it, is left or repaired.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                rest.prefix(2).allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension String {
    fileprivate func utf8Suffix(after byte: UInt8) -> String {
        guard let last = utf8.lastIndex(of: byte) else { return self }
        return String(self[utf8.index(after: last)...])
    }
}

/// Where a bucket is: URLs of its objects and listings, for AWS and for others that speak its language.
package struct S3Bucket: Sendable, Equatable {
    /// Such as `https://minio.example:9000`, without a path; nil for AWS itself.
    package var endpoint: String?
    package var name: String
    package var region: String
    /// The bucket is the first part of the path rather than of the host's name.
    package var isPathStyle: Bool

    /// - Parameter isPathStyle: nil for what mostly works: others than AWS have no host name for each bucket, and AWS's
    ///   certificate does not cover names with a dot.
    package init(name: String, region: String, endpoint: String? = nil, isPathStyle: Bool? = nil) {
        self.name = name
        self.region = region
        self.endpoint = endpoint
        self.isPathStyle = isPathStyle ?? (endpoint != nil || name.contains("."))
    }

    /// The URL of an object.
    package func url(of key: String) -> String {
        base + "/" + PercentEncoding.path(key)
    }

    /// The URL of a page of the list of objects (`ListObjectsV2`).
    ///
    /// - Parameter token: from the page before.
    package func listURL(prefix: String, after token: String? = nil) -> String {
        // In the order of their names, as the signature wants them.
        var query = ["list-type=2", "prefix=\(PercentEncoding.component(prefix))"]
        if let token { query.insert("continuation-token=\(PercentEncoding.component(token))", at: 0) }
        return base + (isPathStyle ? "" : "/") + "?" + query.joined(separator: "&")
    }

    private var base: String {
        var endpoint = endpoint ?? "https://s3.\(region).amazonaws.com"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let name = PercentEncoding.component(name)
        guard !isPathStyle, let scheme = endpoint.firstRange(of: "://") else { return "\(endpoint)/\(name)" }
        return "\(endpoint[..<scheme.upperBound])\(name).\(endpoint[scheme.upperBound...])"
    }
}

/// A URL as Signature Version 4 wants it.
package enum S3Query {
    /// A URL with its query's parameters in order, and `=` behind each. libcurl 7.88 signs them as they come, and the
    /// other side in order.
    package static func sorted(_ url: String) -> String {
        guard let mark = url.firstIndex(of: "?") else { return url }
        let tail = url[url.index(after: mark)...]
        let end = tail.firstIndex(of: "#") ?? tail.endIndex
        let parameters = tail[..<end].split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }
        guard !parameters.isEmpty else { return String(url[..<mark]) }
        // By their bytes; the name is over where "=" is, which sorts after the digits but is in no name.
        let keys = parameters.sorted { left, right in
            let (left, right) = (left.split(separator: "=", maxSplits: 1), right.split(separator: "=", maxSplits: 1))
            let (leftName, rightName) = (left.first ?? "", right.first ?? "")
            if leftName != rightName { return leftName.utf8.lexicographicallyPrecedes(rightName.utf8) }
            return left.dropFirst().joined().utf8.lexicographicallyPrecedes(right.dropFirst().joined().utf8)
        }
        return url[...mark] + keys.joined(separator: "&")
    }
}

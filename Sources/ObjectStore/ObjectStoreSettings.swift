package import Downloads
package import StoreSettings
package import VariableCatalog

/// The one object store that this container uses, as requests to it need it.
package struct ObjectStoreSettings: Sendable {
    /// nil for AWS itself.
    package var endpoint: WebAddress?
    package var region: String
    /// nil: requests carry no signature, as public buckets want it.
    package var signing: S3Signing?
    /// nil for what `S3Bucket` takes to be right.
    package var isPathStyle: Bool?
    package var certificateFile: String?
    /// The prefix that every result goes to; nil: none does unasked.
    package var results: ObjectPlace?
    /// The prefixes that callers may name, for documents and for results.
    package var allowed: [ObjectPlace]

    package init(environment: [String: String]) throws(VariableProblem) {
        let said = try StoreVariables(environment: environment)
        endpoint = said.endpoint
        region = said.region
        signing = said.keys.map {
            S3Signing(
                accessKey: $0.access, secretKey: $0.secret, sessionToken: $0.session, region: said.region)
        }
        isPathStyle = said.isPathStyle
        certificateFile = said.certificateFile
        results = said.results
        allowed = said.allowed
    }

    package func bucket(_ name: String) -> S3Bucket {
        S3Bucket(name: name, region: region, endpoint: endpoint?.description, isPathStyle: isPathStyle)
    }

    /// Whether a caller may name this place.
    package func allows(_ place: ObjectPlace) -> Bool { allowed.contains { place.isBelow($0) } }

    /// Whom a bucket's objects are asked of, for messages.
    package func host(of bucket: String) -> String {
        WebAddress(self.bucket(bucket).url(of: "x"))?.authority ?? "the object store"
    }
}

extension WebAddress {
    /// The address of a file below this one.
    package func appending(_ path: String) -> String { "\(self)/\(PercentEncoding.path(path))" }
}

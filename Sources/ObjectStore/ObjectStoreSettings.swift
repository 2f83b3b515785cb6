package import Downloads

/// What the environment says about the one object store that this container uses: where it is, as whom it is asked, and
/// which parts of it callers may name.
///
/// Variables are AWS's own, the replaced container's (`CLOUDRU_S3_…`), and `COXSWAIN_S3_…`.
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

    /// A setting that cannot be used (EX_CONFIG).
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package var variable: String
        package var message: String
        package var description: String { "\(variable): \(message)" }
    }

    /// Below it in its bucket the replaced container put its results.
    private static let usualResults = "ocr-results/"

    /// Variables that are empty are not set.
    package init(environment: [String: String]) throws(Problem) {
        let reader = ObjectStoreReader(environment)
        let place = try reader.endpoint()
        let keys = try reader.keys(at: place?.variable)
        endpoint = place?.address
        let region = try reader.region() ?? keys?.usualRegion ?? "us-east-1"
        self.region = region
        signing = keys.map { keys in
            S3Signing(accessKey: keys.access, secretKey: keys.secret, sessionToken: keys.session, region: region)
        }
        isPathStyle = try reader.flag("COXSWAIN_S3_PATH_STYLE")
        certificateFile = reader["SSL_CERT_FILE"]
        allowed = try reader.allowed()
        results = try reader.results(hasKeys: keys != nil, endpoint: place?.variable, usual: Self.usualResults)
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

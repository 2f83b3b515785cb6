package import VariableCatalog

/// What the environment says about the one object store that this container uses: where it is, as whom it is asked, and
/// which parts of it callers may name.
///
/// Variables are AWS's own, the replaced container's (`CLOUDRU_S3_…`), and `COXSWAIN_S3_…`. Pure: PID 1 judges them by this
/// before it starts anything, and whoever asks the store by the same.
package struct StoreVariables: Sendable, Equatable {
    /// nil for AWS itself.
    package var endpoint: WebAddress?
    package var region: String
    /// nil: the store is asked as anybody.
    package var keys: Keys?
    package var isPathStyle: Bool?
    package var certificateFile: String?
    /// The prefix that every result goes to; nil: none does unasked.
    package var results: ObjectPlace?
    /// The prefixes that callers may name, for documents and for results.
    package var allowed: [ObjectPlace]

    /// As whom the store is asked.
    package struct Keys: Sendable, Equatable {
        package var access: String
        package var secret: String
        package var session: String?
        /// Where nothing names another.
        package var usualRegion: String
    }

    /// Below it in its bucket the replaced container put its results.
    private static let usualResults = "ocr-results/"

    /// Variables that are empty are not set.
    package init(environment: [String: String]) throws(VariableProblem) {
        let reader = StoreVariableReader(environment)
        let place = try reader.endpoint()
        keys = try reader.keys(at: place?.variable)
        endpoint = place?.address
        region = try reader.region() ?? keys?.usualRegion ?? "us-east-1"
        isPathStyle = try reader.flag("COXSWAIN_S3_PATH_STYLE")
        certificateFile = reader["SSL_CERT_FILE"]
        allowed = try reader.allowed()
        results = try reader.results(hasKeys: keys != nil, endpoint: place?.variable, usual: Self.usualResults)
    }

    /// What the name of a region is made of.
    package static func isRegionByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

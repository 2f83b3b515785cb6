/// Why an object is not in the store. The message names the bucket, the host and what to do; no key, nothing of a URL's
/// path, and none of the store's own words.
package struct ObjectStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package var bucket: String
    /// Sentences without an end mark at the last.
    package var message: String
    /// Whether the same may succeed later without a change by anybody.
    package var mayPass: Bool
    /// How long the store asks to be left alone.
    package var retryAfter: Duration?

    package init(bucket: String, message: String, mayPass: Bool, retryAfter: Duration? = nil) {
        self.bucket = bucket
        self.message = message
        self.mayPass = mayPass
        self.retryAfter = retryAfter
    }

    package var description: String { message }
}

/// Why something did not get to where it was to go: an object to its bucket, or news to a webhook.
///
/// The message names the bucket, or the host, and what to do; no key, nothing of a URL's path or query, and none of the other
/// side's own words.
package struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bucket, or the host with its port where the URL names one; empty where the URL could not be read.
    package var place: String
    /// Sentences without an end mark at the last.
    package var message: String
    /// Whether the same may succeed later without a change by us.
    package var mayPass: Bool
    /// How long the other side asks to be left alone.
    package var retryAfter: Duration?

    package init(place: String, message: String, mayPass: Bool, retryAfter: Duration? = nil) {
        self.place = place
        self.message = message
        self.mayPass = mayPass
        self.retryAfter = retryAfter
    }

    package var description: String { message }
}

/// Why a webhook was not told. The message names the host; nothing of the URL's path or query, and none of the other side's
/// own words.
package struct WebhookError: Error, Sendable, Equatable, CustomStringConvertible {
    /// With its port where the URL names one; empty where the URL could not be read.
    package var host: String
    /// A sentence without an end mark.
    package var message: String
    /// Whether the same may succeed later. Receivers are mended, so that is so for all but what says that it is not.
    package var mayPass: Bool
    /// How long the receiver asks to be left alone.
    package var retryAfter: Duration?

    package init(host: String, message: String, mayPass: Bool, retryAfter: Duration? = nil) {
        self.host = host
        self.message = message
        self.mayPass = mayPass
        self.retryAfter = retryAfter
    }

    package var description: String { message }
}

package import Egress

/// How a `Downloader` works.
package struct DownloadOptions: Sendable {
    /// Connections at once, for all files together.
    package var connections = 8
    /// Large files are asked for in ranges of so many bytes.
    package var partBytes: Int64 = 64 << 20
    /// Seconds for which less than `minimumBytesPerSecond` may come.
    package var stallSeconds = 30
    package var minimumBytesPerSecond = 1
    /// How often one range is asked for without getting ahead. A host that nothing was ever heard of is given up after
    /// three.
    package var tries = 8
    package var connectTimeoutSeconds = 15
    /// The pause after a first failure; each further one is twice as long, up to the longest.
    package var firstPause = Duration.milliseconds(500)
    package var longestPause = Duration.seconds(30)
    /// The longest that a host's `Retry-After` is heeded.
    package var longestRetryAfter = Duration.seconds(300)
    /// How often a file that changes while it is fetched is begun again.
    package var restarts = 2
    package var userAgent = "coxswain-preload"
    /// A file of certificates in PEM to trust in place of the system's: what `SSL_CERT_FILE` names.
    package var certificateFile: String?
    /// The most bytes that one file may have.
    package var maximumBytes: Int64 = 1 << 40
    /// How often an answer may send on to another URL.
    package var redirects = 10
    /// Seconds that a call may take in all, pauses and further tries included; nil is without a limit.
    package var totalSeconds: Int?
    /// Whom a URL may lead to, by itself and by redirects; then no proxy is used. Nil for URLs of the operator's own.
    package var egress: EgressPolicy?
    /// Of the pauses' random part.
    package var seed: UInt64 = 0

    package init() {}
}

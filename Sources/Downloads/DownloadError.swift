/// Why something could not be fetched. Neither the message nor anything else in it has what a host said in an answer's
/// body, a header that was sent, or a URL's query, which may be a signature.
package struct DownloadError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// The request itself makes no sense: a URL, a path within the folder, a header.
        case invalid
        /// No connection: no such name, nobody listens, no route, no time.
        case unreachable
        /// TLS: the host could not prove who it is.
        case untrusted
        /// Any other status than those that have a case.
        case refused(status: Int)
        /// 404 and 410.
        case notFound
        /// 401 and 403.
        case unauthorized
        /// The answer breaks HTTP's rules, or sends on to where it must not.
        case badAnswer
        case wrongLength
        case wrongHash
        /// The file was another one at each try.
        case changed
        /// Larger than it may be.
        case tooLarge
        case diskFull
        /// Less came than `DownloadOptions.minimumBytesPerSecond`.
        case stalled
        /// A host, address or redirect that `DownloadOptions.egress` does not allow, or a name that leads to none: a
        /// difference between the two would tell which names there are.
        case denied
        /// More than `DownloadOptions.totalSeconds` went by.
        case outOfTime
        /// The connection broke again and again.
        case tooManyTries
        case cancelled
        /// The folder or a file in it cannot be used.
        case file
    }

    package var kind: Kind
    /// With its port where the URL names one; empty where no host is part of it.
    package var host: String
    /// The item's path, or for a listing or a stream the URL's path; may be empty.
    package var file: String
    /// What happened, where, and what to do; sentences without an end mark at the last.
    package var message: String
    /// Whether the same may succeed later without a change by anybody.
    package var mayPass: Bool

    package init(kind: Kind, host: String, file: String, message: String, mayPass: Bool) {
        self.kind = kind
        self.host = host
        self.file = file
        self.message = message
        self.mayPass = mayPass
    }
}

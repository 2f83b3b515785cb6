import Downloads
import Egress

/// Why a document could not be fetched.
package struct DocumentSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Sources of this kind are not switched on.
        case off
        /// It is no URL that is asked.
        case invalid
        /// The policy refuses the host, its address, or where it sends on to; or there is no such name, which has to look
        /// the same.
        case refused
        /// The place is under none of the prefixes that callers may name.
        case notAllowed
        case notFound
        /// The other side wants a right that this server does not have.
        case unauthorized
        /// No connection, no proof of who it is, or an answer that is not the document.
        case failed
        case tooLarge
        case tooSlow
        case cancelled
    }

    package var kind: Kind
    /// For whoever asked: a sentence without an end mark that says nothing of what the other side said, nor what lies
    /// behind an address.
    package var description: String
    /// The host's name, or the bucket's; empty where there is none.
    package var host: String
    /// What happened, for the operator's log alone: it may name addresses, and names no path, key or query.
    package var detail: String?

    init(_ kind: Kind, _ description: String, host: String = "", detail: String? = nil) {
        self.kind = kind
        self.description = description
        self.host = host
        self.detail = detail
    }

    init(_ refusal: EgressRefusal, host: String) {
        switch refusal.kind {
        case .form: self.init(.invalid, refusal.description, host: host)
        case .host: self.init(.refused, refusal.description, host: host)
        case .address: self.init(.refused, Self.nowhere, host: host)
        }
    }

    /// One sentence for all of it: which one it was would tell what there is in the network around this server.
    private static let nowhere =
        "the URL's host, or one that it sends on to, has no address that this server may connect to"

    /// - Parameters:
    ///   - what: whom was asked, in a sentence.
    init(_ error: DownloadError, what: String, host: String, maximumBytes: Int, seconds: Int) {
        let (kind, description): (Kind, String) =
            switch error.kind {
            case .denied: (.refused, Self.nowhere)
            case .invalid: (.invalid, "the URL is not one that can be asked")
            case .notFound: (.notFound, "\(what) has no such document")
            case .unauthorized: (.unauthorized, "\(what) does not let this server have the document")
            case .tooLarge: (.tooLarge, "the document has more than the \(maximumBytes) bytes that it may have")
            case .stalled: (.tooSlow, "\(what) stopped sending the document")
            case .outOfTime: (.tooSlow, "the document was not there within \(seconds) s")
            case .cancelled: (.cancelled, "the request was cancelled")
            case .unreachable: (.failed, "\(what) cannot be reached")
            case .untrusted: (.failed, "\(what) could not prove who it is")
            case .changed, .wrongLength, .wrongHash, .badAnswer, .refused, .tooManyTries:
                (.failed, "\(what) did not hand the document over")
            case .diskFull, .file: (.failed, "this server has no means to fetch the document at the moment")
            }
        self.init(kind, description, host: host, detail: error.message)
    }
}

package import Downloads
package import Egress

/// One request to make, and the limits that it is made under.
package struct WebCall {
    package enum Body {
        case bytes([UInt8])
        /// So many bytes of a file from an offset on. The descriptor's own position is neither used nor moved.
        case file(CInt, from: Int64, count: Int)

        package var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(_, _, let count): count
            }
        }
    }

    package var method: String
    package var url: String
    /// Lines such as `Content-Type: text/plain`.
    package var headers: [String] = []
    package var body: Body?
    /// Signs all of `headers`; of S3 `x-amz-content-sha256` has to be among them.
    package var signing: S3Signing?
    package var userAgent = "coxswain"
    package var limits = Limits()
    /// A file of certificates in PEM to trust in place of the system's: what `SSL_CERT_FILE` names.
    package var certificateFile: String?
    /// Whom it may go to, and then past any proxy; nil for everybody, and through the proxy that the environment names.
    package var egress: EgressPolicy?

    package struct Limits: Sendable {
        package var connectSeconds = 15
        /// Seconds for which less than `minimumBytesPerSecond` may go in both directions together.
        package var stallSeconds = 30
        package var minimumBytesPerSecond = 1
        /// Of all of it; nil for no limit.
        package var totalMilliseconds: Int?
        /// How long the rest of the answer may take when its header is there; nil for no limit of its own.
        package var drainMilliseconds: Int?
        /// Most bytes of an answer's body that are read.
        package var answerBytes = 1 << 20
        /// How long a body of more than a megabyte waits for the other side's word that it is wanted (`Expect:
        /// 100-continue`), since one that refuses it need not be sent it all.
        package var continueMilliseconds = 1000

        package init() {}
    }

    package init(_ method: String, _ url: String) {
        self.method = method
        self.url = url
    }
}

/// A final answer's header, and as much of its body as came.
package struct WebAnswer: Sendable {
    package var head: ResponseHead
    package var body: [UInt8]
    /// Whether it all came. What follows a header may be cut off, by the other side or by a limit, while the status says
    /// already what became of the request.
    package var isWhole: Bool

    package var status: Int { head.status }
}

/// Why there is no answer.
package struct WebCallFailure: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case cancelled
        /// libcurl refuses the URL, a header or an option.
        case invalid
        /// The host has an address that may not be connected to.
        case refusedAddress
        case unresolved
        case unreachable
        /// TLS: nobody who is trusted vouches for the host's certificate, or the certificates to trust could not be read.
        case untrusted
        /// TLS: the certificate is good, and is another host's.
        case wrongHost
        /// No connection, or no answer, within the limits.
        case timedOut
        /// The connection broke.
        case broken
        /// The file that was to be sent could not be read, or was shorter than said.
        case unreadable
    }

    package var kind: Kind
    /// libcurl's words, which name hosts, addresses and certificates, or the system's about a file; may be empty.
    package var detail: String

    package init(_ kind: Kind, _ detail: String = "") {
        self.kind = kind
        self.detail = detail
    }
}

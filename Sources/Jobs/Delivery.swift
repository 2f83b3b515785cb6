/// Something that is brought to somebody once a job has ended: its results to an object store, or the news of its end to a
/// webhook. Written in the transaction that ends the job, so that no end is without it. Times are seconds since 1970.
package struct Delivery: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The result's files into an object store.
        case objects
        case webhook
    }

    package enum Status: String, Sendable, CaseIterable {
        /// It was not tried yet, or is tried again.
        case waiting
        case done
        /// It was given up.
        case failed
    }

    /// 32 hexadecimal digits, of no other delivery anywhere. The same at every try, so that a receiver knows a repeat.
    package var id: String
    package var job: JobIdentifier
    package var kind: Kind
    /// `s3://bucket/prefix/`, or a webhook's URL.
    package var target: String
    /// What the files are called there, without `.md` and `.json`; nil for a webhook.
    package var name: String?
    package var status: Status
    /// Tries that are over, the one that succeeded included.
    package var attempts: Int
    /// When it became due for the first time.
    package var createdAt: Double
    /// When it is tried next; nil unless it waits.
    package var nextAttempt: Double?
    /// What was in the way at the last try, as a sentence for the job's owner.
    package var detail: String?

    package init(
        id: String, job: JobIdentifier, kind: Kind, target: String, name: String? = nil, status: Status, attempts: Int,
        createdAt: Double, nextAttempt: Double? = nil, detail: String? = nil
    ) {
        self.id = id
        self.job = job
        self.kind = kind
        self.target = target
        self.name = name
        self.status = status
        self.attempts = attempts
        self.createdAt = createdAt
        self.nextAttempt = nextAttempt
        self.detail = detail
    }
}

/// What came of one try.
package enum DeliveryOutcome: Sendable, Equatable {
    case done
    /// - Parameter at: when it is tried again.
    case again(at: Double, detail: String)
    case failed(detail: String)
}

/// A place in an object store to which a job's results are to go.
package struct ResultUpload: Sendable, Equatable {
    /// `s3://bucket/prefix/`.
    package var target: String
    /// What the files are called there, without `.md` and `.json`.
    package var name: String

    package init(target: String, name: String) {
        self.target = target
        self.name = name
    }
}

extension Delivery {
    /// The bucket, or the host and its port: what logs may say, and what is up or down as a whole.
    package var place: String {
        let authority = target[authority]
        let host = authority.utf8.lastIndex(of: UInt8(ascii: "@")).map { authority[authority.utf8.index(after: $0)...] }
        return (host ?? authority).lowercased()
    }

    /// The target without what may be a secret: credentials, query, fragment. For the job's owner.
    package var shownTarget: String {
        guard kind == .webhook else { return target }
        let end = target.utf8.firstIndex { "?#".utf8.contains($0) } ?? target.endIndex
        guard let at = target[authority].utf8.lastIndex(of: UInt8(ascii: "@")) else { return String(target[..<end]) }
        return String(target[..<authority.lowerBound] + target[target.utf8.index(after: at)..<end])
    }

    /// Where the target's host stands, with what may stand before and behind it. By bytes: a slash with an accent of its own is
    /// no slash to `Character`, and is one to everybody else.
    private var authority: Range<String.Index> {
        let bytes = target.utf8
        let begin = bytes.firstRange(of: "://".utf8)?.upperBound ?? bytes.startIndex
        let end = bytes[begin...].firstIndex { "/?#\\".utf8.contains($0) } ?? bytes.endIndex
        return begin..<end
    }

    /// Where the files of an upload are, or will be; nil of a webhook.
    package var files: JobResults? {
        name.map { JobResults(markdown: "\(target)\($0).md", json: "\(target)\($0).json") }
    }
}

extension Job {
    /// Where its result is in an object store, once it is there: where the request wanted it, or else where all results go.
    package var uploadedFiles: JobResults? {
        deliveries.lazy.filter { $0.kind == .objects && $0.status == .done }.compactMap(\.files).first
    }
}

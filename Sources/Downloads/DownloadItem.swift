/// One file to have.
package struct DownloadItem: Sendable {
    package var url: String
    /// Lines such as `Authorization: Bearer …`. They go to the host and port of `url` alone, never after a redirect to
    /// another.
    package var headers: [String]
    /// Relative to the folder, with `/` between its parts.
    package var path: String
    /// Bytes, where known: another size is refused.
    package var size: Int64?
    /// 64 hexadecimal digits, where known.
    package var sha256: String?
    package var signing: S3Signing?

    package init(
        url: String, headers: [String] = [], path: String, size: Int64? = nil, sha256: String? = nil,
        signing: S3Signing? = nil
    ) {
        self.url = url
        self.headers = headers
        self.path = path
        self.size = size
        self.sha256 = sha256?.lowercased()
        self.signing = signing
    }
}

/// What signs a request for S3, in the way of AWS Signature Version 4. Sent to the first host alone, as headers are.
package struct S3Signing: Sendable, Equatable {
    package var accessKey: String
    package var secretKey: String
    package var sessionToken: String?
    package var region: String
    package var service: String

    package init(
        accessKey: String, secretKey: String, sessionToken: String? = nil, region: String, service: String = "s3"
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }
}

/// How far all files together are. It may go back: a file that changed at its source is begun again.
package struct DownloadProgress: Sendable, Equatable {
    /// Bytes on the disk that count, those of an earlier run too.
    package var bytesDone: Int64 = 0
    /// Bytes that came over the network in this run.
    package var bytesFetched: Int64 = 0
    /// Nil while the size of one of the files is not known.
    package var bytesTotal: Int64?
    package var filesDone = 0
    package var filesTotal = 0
    /// Set while nothing is under way, on purpose: a pause after a failure, or one that a host asked for.
    package var pause: Duration?

    package init() {}
}

/// A file that is there, whole and synced, under its own name.
package struct Downloaded: Sendable, Equatable {
    package var path: String
    package var size: Int64
    /// Of the bytes on the disk.
    package var sha256: String
    /// As the host said it in this run, with its quotes; nil where it was not asked.
    package var etag: String?

    package init(path: String, size: Int64, sha256: String, etag: String?) {
        self.path = path
        self.size = size
        self.sha256 = sha256
        self.etag = etag
    }
}

/// A stream that came whole.
package struct Streamed: Sendable, Equatable {
    package var bytes: Int64
    package var etag: String?
}

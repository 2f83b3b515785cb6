/// Why a model's folder counts as complete.
package struct ModelEvidence: Sendable, Equatable {
    /// How sure it is that a file holds what it should, from the weakest.
    package enum Proof: Int, Sendable, Comparable {
        /// It is there and not empty; nothing says how long it should be.
        case presence
        /// It has the length that it gives itself, or is JSON from its first byte to its last.
        case structure
        /// It has the size that the manifest says.
        case size
        /// Size and time are those of when it was fetched or checked (the stamp).
        case stamp
        /// Its SHA-256 was computed now and is the known one.
        case hash

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package struct File: Sendable, Equatable {
        package var path: String
        /// In bytes.
        package var size: Int64
        /// Known from the manifest or the stamp, or computed now.
        package var sha256: String?
        package var proof: Proof
        /// Of its last change, in nanoseconds since 1970.
        package var modified: Int64

        package init(path: String, size: Int64, sha256: String?, proof: Proof, modified: Int64) {
            self.path = path
            self.size = size
            self.sha256 = sha256
            self.proof = proof
            self.modified = modified
        }
    }

    package var files: [File]
    /// Of the stamp; nil where somebody else made the folder.
    package var revision: String?
    /// Of the stamp: where it came from, for example `huggingface`.
    package var source: String?
    /// The folder has a stamp that fits all of it.
    package var isStamped: Bool
    /// What is no reason to fetch anything, but worth a line in the log.
    package var remarks: [String]

    package init(
        files: [File], revision: String? = nil, source: String? = nil, isStamped: Bool = false, remarks: [String] = []
    ) {
        self.files = files
        self.revision = revision
        self.source = source
        self.isStamped = isStamped
        self.remarks = remarks
    }

    /// Of all files, in bytes.
    package var bytes: Int64 { files.reduce(0) { $0 &+ $1.size } }
    /// The proof of the least sure file.
    package var weakest: Proof { files.map(\.proof).min() ?? .presence }
}

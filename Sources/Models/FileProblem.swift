import Readable

/// What is wrong with one file of a model's folder.
package struct FileProblem: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case missing
        case empty
        /// Bytes.
        case wrongSize(is: Int64, expected: Int64)
        case wrongHash(is: String, expected: String)
        /// It says of itself that it is not whole or not what it should be.
        case damaged(String)
        /// The text that stands for a file in git (`git lfs pull` was never run).
        case pointer
        /// A folder, a pipe, a device, or a link to something that is gone.
        case notAFile
        /// `errno`.
        case unreadable(Int32)
        /// Somebody else's download began it and has not ended it.
        case leftover
        /// The folder's stamp names another commit than the manifest, which does not say how their files differ.
        case otherRevision(is: String, expected: String)
        /// Changed since it was checked, and not checked again.
        case changed
    }

    /// Of the file, or the pattern that no file meets.
    package var path: String
    package var kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    package var description: String {
        let path = PlainText.short(path)
        return switch kind {
        case .missing: "\(path) is missing"
        case .empty: "\(path) is empty"
        case .wrongSize(let size, let expected):
            size < expected
                ? "\(path) has \(size) of \(expected) bytes" : "\(path) has \(size) bytes, \(size - expected) too many"
        case .wrongHash(let digest, let expected):
            "\(path) has the SHA-256 \(digest.prefix(12))… and should have \(expected.prefix(12))…"
        case .damaged(let how): "\(path) \(how)"
        case .pointer: "\(path) is a pointer of git-lfs and not the file itself"
        case .notAFile: "\(path) is no regular file"
        case .unreadable(let code): "\(path) cannot be read: \(FileFailure.text(of: code))"
        case .leftover: "\(path) was left by a download that did not end"
        case .otherRevision(let revision, let expected):
            "the folder is of commit \(revision.prefix(12))… and should be of \(expected.prefix(12))…"
        case .changed: "\(path) was changed since it was checked"
        }
    }
}

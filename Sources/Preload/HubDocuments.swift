import FoundationEssentials
package import Models

/// What the Hugging Face hub's API says, read strictly: everything in it comes from elsewhere.
///
/// Its form is that of `huggingface_hub`, the hub's own client: `GET /api/models/REPO/revision/REV` has the commit as `sha`;
/// `GET /api/models/REPO/tree/COMMIT?recursive=true` lists entries with `type`, `path`, `size`, `oid` and, of a large file,
/// `lfs` with the SHA-256 as its `oid`; the next page is a `Link` header with `rel="next"`.
package enum HubDocuments {
    /// One file of a repository.
    package struct Entry: Sendable, Equatable {
        package var file: ModelFile
        /// The SHA-1 by which git knows a small file's content; nil for a large one, whose SHA-256 is known.
        package var gitBlob: String?
    }

    package struct Unreadable: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    /// Most files of a repository; a model has a few dozen.
    package static let maximumEntries = 10_000

    private struct Revision: Decodable { var sha: String }

    private struct TreeEntry: Decodable {
        var type: String
        var path: String
        var size: Int64?
        var oid: String?
        var lfs: Large?

        struct Large: Decodable {
            var oid: String
            var size: Int64?
        }
    }

    package static func commit(_ document: [UInt8]) throws(Unreadable) -> String {
        guard let revision = decode(Revision.self, document) else {
            throw Unreadable(description: "the answer about the revision is no JSON with a commit")
        }
        guard isHex(revision.sha, 40) else {
            throw Unreadable(description: "what the answer calls a commit is none")
        }
        return revision.sha
    }

    /// The files of one page of a tree.
    package static func entries(_ document: [UInt8]) throws(Unreadable) -> [Entry] {
        guard let tree = decode([TreeEntry].self, document) else {
            throw Unreadable(description: "the list of files is no JSON of the expected form")
        }
        guard tree.count <= maximumEntries else {
            throw Unreadable(description: "the list of files has \(tree.count) entries")
        }
        var entries: [Entry] = []
        for entry in tree where entry.type == "file" {
            if let problem = ModelPath.problem(entry.path) {
                throw Unreadable(description: "the list of files has a path that cannot be used: \(problem)")
            }
            let size = entry.lfs?.size ?? entry.size
            guard let size, size >= 0 else {
                throw Unreadable(description: "the list of files has a file without a size")
            }
            let digest = entry.lfs?.oid
            if let digest, !isHex(digest, 64) {
                throw Unreadable(description: "the list of files has a hash that is none")
            }
            let blob = digest == nil ? entry.oid.flatMap { isHex($0, 40) ? $0 : nil } : nil
            entries.append(Entry(file: ModelFile(path: entry.path, size: size, sha256: digest), gitBlob: blob))
        }
        return entries
    }

    /// Where the list goes on (RFC 8288); nil at its end.
    package static func nextPage(link: String?) -> String? {
        for part in (link ?? "").split(separator: ",") {
            let fields = part.split(separator: ";").map { $0.drop { $0 == " " } }
            guard let address = fields.first, address.hasPrefix("<"), address.hasSuffix(">") else { continue }
            if fields.dropFirst().contains(where: { $0 == "rel=\"next\"" || $0 == "rel=next" }) {
                return String(address.dropFirst().dropLast())
            }
        }
        return nil
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ document: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(document))
    }

    package static func isHex(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}

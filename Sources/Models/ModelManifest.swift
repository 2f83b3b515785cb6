/// What one model consists of, where it comes from and what its folder is called.
package struct ModelManifest: Sendable, Equatable {
    /// What engines and users call it: `PaddleOCR-VL-1.5-0.9B`.
    package var name: String
    /// What else it is called, for example in a setting that names its repository.
    package var aliases: [String]
    /// One component of a path, under which PaddleX looks for it: `PaddleOCR-VL-1.5`.
    package var folder: String
    /// At the Hugging Face hub: `PaddlePaddle/PaddleOCR-VL-1.5`.
    package var repository: String?
    /// A commit of the repository; `main` where none is pinned.
    package var revision: String
    /// The https URL of the vendor's tar.
    package var archive: String?
    /// Files that must be there under these names; sizes and hashes where they are known.
    package var files: [ModelFile]
    /// Patterns of which each must be met by one file at least, for where the names are not known. See ``FilePattern``.
    package var required: [String]
    /// Patterns of files of the repository that are not fetched. See ``FilePattern``.
    package var ignore: [String]

    package init(
        name: String, aliases: [String] = [], folder: String, repository: String? = nil, revision: String = "main",
        archive: String? = nil, files: [ModelFile] = [], required: [String] = [], ignore: [String] = []
    ) {
        self.name = name
        self.aliases = aliases
        self.folder = folder
        self.repository = repository
        self.revision = revision
        self.archive = archive
        self.files = files
        self.required = required
        self.ignore = ignore
    }

    /// Whether it says exactly what the folder holds: every file with its size, of one commit.
    package var isLocked: Bool {
        !files.isEmpty && files.allSatisfy { $0.size != nil } && Self.isCommit(revision)
    }

    /// Whether a revision is one commit and not a branch or a tag that may move.
    package static func isCommit(_ revision: String) -> Bool {
        revision.utf8.count == 40 && revision.utf8.allSatisfy(Hexadecimal.isLowerDigit)
    }

    /// Whether a user, or an engine, means this model: by its name, its folder or an alias, in any case of letters.
    package func isCalled(_ text: String) -> Bool {
        let text = text.lowercased()
        return ([name, folder] + aliases).contains { $0.lowercased() == text }
    }

    /// Whether a file of the repository is to be fetched.
    package func wants(_ path: String) -> Bool {
        files.contains { $0.path == path } || !ignore.contains { FilePattern($0).matches(path) }
    }
}

/// A file of a model.
package struct ModelFile: Sendable, Equatable {
    /// Relative to the model's folder; a safe one by ``ModelPath``.
    package var path: String
    /// In bytes.
    package var size: Int64?
    /// Of the content, as 64 hexadecimal digits in lower case.
    package var sha256: String?

    package init(path: String, size: Int64? = nil, sha256: String? = nil) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}

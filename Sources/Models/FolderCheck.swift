import Glibc

/// One look at a model's folder: what it should hold by manifest and stamp, against what is there.
struct FolderCheck {
    let manifest: ModelManifest
    let folder: String
    /// What is remembered of the files, whether or not by this manifest.
    let stamp: FolderStamp?
    var canHash = false
    var isDeep = false

    private var files: [String: ModelEvidence.File] = [:]
    private var problems: [FileProblem] = []
    private var remarks: [String] = []
    /// Of each file whose hash is asked for: what it should be, where that is known.
    private var asked: [String: String?] = [:]
    private var fits = false

    init(manifest: ModelManifest, folder: String, stamp: FolderStamp?) {
        self.manifest = manifest
        self.folder = folder
        self.stamp = stamp
    }

    /// Largest first, so that none of them is begun when the others are done.
    var toHash: [String] {
        asked.keys.sorted { (files[$0]?.size ?? 0, $1) > (files[$1]?.size ?? 0, $0) }
    }

    // MARK: Gathering

    mutating func gather() {
        if let stamp, stamp.manifest == manifest.fingerprint {
            fits = true
            gatherStamped(stamp)
        } else {
            gatherForeign()
        }
    }

    /// The stamp names every file: nothing else is looked for.
    private mutating func gatherStamped(_ stamp: FolderStamp) {
        let known = Dictionary(manifest.files.map { ($0.path, $0) }) { first, _ in first }
        for file in stamp.files { look(at: file.path, stamped: file, known: known[file.path]) }
        let names = Set(stamp.files.map(\.path))
        for file in manifest.files where !names.contains(file.path) { look(at: file.path, stamped: nil, known: file) }
        require(among: names)
    }

    /// Somebody else's folder, or one of another manifest.
    private mutating func gatherForeign() {
        let walk = FolderWalk(folder)
        let known = Dictionary(manifest.files.map { ($0.path, $0) }) { first, _ in first }
        let stamped = Dictionary((stamp?.files ?? []).map { ($0.path, $0) }) { first, _ in first }
        let isExact = manifest.isLocked
        for entry in walk.files where known[entry.path] == nil {
            // Of an exact manifest nothing else matters; nor does what would not have been fetched.
            guard !isExact, manifest.wants(entry.path), ModelPath.problem(entry.path) == nil else { continue }
            look(at: entry.path, stamped: stamped[entry.path], known: nil)
        }
        for file in manifest.files { look(at: file.path, stamped: stamped[file.path], known: file) }
        require(among: Set(walk.files.map(\.path)))
        problems += walk.unreadable
        if !isExact {
            // Which file it was to become is not known, and so not whether that is there.
            problems += walk.leftovers.map { FileProblem(path: $0, kind: .leftover) }
            problems += walk.odd.filter(manifest.wants).map { FileProblem(path: $0, kind: .notAFile) }
            if let stamp, ModelManifest.isCommit(manifest.revision), ModelManifest.isCommit(stamp.revision),
                stamp.revision != manifest.revision
            {
                problems.append(
                    FileProblem(
                        path: ".", kind: .otherRevision(is: stamp.revision, expected: manifest.revision)))
            }
        } else if let first = walk.leftovers.first {
            remarks.append("\(walk.leftovers.count) parts of another download lie in it, such as \(first)")
        }
        if walk.isEndless { remarks.append("it holds more files than a model has: not all were looked at") }
    }

    private mutating func require(among names: Set<String>) {
        for text in manifest.required {
            let pattern = FilePattern(text)
            if !names.contains(where: { pattern.matches($0) }) {
                problems.append(FileProblem(path: text, kind: .missing))
            }
        }
    }

    // MARK: One file

    private mutating func look(at path: String, stamped: FolderStamp.File?, known: ModelFile?) {
        let look: FileLook
        do throws(FileFailure) {
            look = try FileLook("\(folder)/\(path)")
        } catch {
            let isGone = error.code == ENOENT || error.code == ENOTDIR
            problems.append(FileProblem(path: path, kind: isGone ? .missing : .unreadable(error.code)))
            return
        }
        guard look.isRegular else {
            problems.append(FileProblem(path: path, kind: .notAFile))
            return
        }
        // What a stamp of another manifest says the size was, is no rule.
        if let expected = known?.size ?? (fits ? stamped?.size : nil), expected != look.size {
            problems.append(
                FileProblem(
                    path: path, kind: look.size == 0 ? .empty : .wrongSize(is: look.size, expected: expected)))
            return
        }
        let isUnchanged =
            stamped.map { $0.size == look.size && FileLook.isSame(look.modified, as: $0.modified) } ?? false
        let digest = known?.sha256 ?? (isUnchanged || fits ? stamped?.sha256 : nil)
        var file = ModelEvidence.File(
            path: path, size: look.size, sha256: isUnchanged ? stamped?.sha256 : nil,
            proof: known?.size == nil ? .presence : .size, modified: look.modified)
        if isUnchanged, stamped?.sha256 != nil || known?.sha256 == nil {
            if let digest, let remembered = stamped?.sha256, digest != remembered {
                problems.append(FileProblem(path: path, kind: .wrongHash(is: remembered, expected: digest)))
                return
            }
            file.proof = .stamp
        } else if !structure(&file, isNamed: known != nil) {
            return
        }
        // A stamp that fits could be renewed once more, but nothing of it has to be proved again.
        if isDeep || file.proof != .stamp && digest != nil && (stamped != nil || canStamp) {
            if canHash {
                asked[path] = .some(digest)
            } else if stamped != nil, !isUnchanged, digest != nil {
                problems.append(FileProblem(path: path, kind: .changed))
                return
            }
        }
        files[path] = file
    }

    /// - Returns: false where the file is of no use.
    private mutating func structure(_ file: inout ModelEvidence.File, isNamed: Bool) -> Bool {
        let isRequired = isNamed || manifest.required.contains { FilePattern($0).matches(file.path) }
        let finding = FileStructure.look(
            at: file.path, in: folder, size: file.size, mustHaveContent: isRequired && !fits)
        if let problem = finding.problem {
            // An empty file was empty when it was stamped, too.
            if case .empty = problem, fits { return true }
            problems.append(FileProblem(path: file.path, kind: problem))
            return false
        }
        for name in finding.names where access("\(folder)/\(name)", F_OK) != 0 {
            problems.append(FileProblem(path: name, kind: .missing))
        }
        file.proof = max(file.proof, finding.proof)
        return true
    }

    /// Whether what is found out now has to be found out only once.
    private var canStamp: Bool { access(folder, W_OK) == 0 }

    // MARK: Outcome

    mutating func take(_ hashes: [String: Result<String, FileFailure>]) {
        for (path, result) in hashes {
            switch result {
            case .failure(let failure):
                problems.append(FileProblem(path: path, kind: .unreadable(failure.code)))
            case .success(let digest):
                if let expected = asked[path] ?? nil, expected != digest {
                    problems.append(FileProblem(path: path, kind: .wrongHash(is: digest, expected: expected)))
                    continue
                }
                files[path]?.sha256 = digest
                if asked[path] ?? nil != nil { files[path]?.proof = .hash }
            }
        }
    }

    func result() -> ModelFolder.Check {
        if !problems.isEmpty {
            var seen: Set<String> = []
            let all = problems.sorted { $0.path < $1.path }.filter { seen.insert("\($0)").inserted }
            return .incomplete(all)
        }
        let found = files.values.sorted { $0.path < $1.path }
        let remembered = Dictionary((stamp?.files ?? []).map { ($0.path, $0) }) { first, _ in first }
        let isStamped =
            fits
            && found.allSatisfy { file in
                guard let old = remembered[file.path] else { return false }
                return FileLook.isSame(file.modified, as: old.modified) && old.sha256 == file.sha256
            }
        return .complete(
            ModelEvidence(
                files: found, revision: stamp?.revision, source: stamp?.source, isStamped: isStamped, remarks: remarks))
    }
}

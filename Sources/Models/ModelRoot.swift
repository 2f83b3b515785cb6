import Glibc

/// The folder in which models lie, and what can be cleared out of it.
package struct ModelRoot: Sendable, Equatable {
    package var path: String

    package init(_ path: String) { self.path = path }

    package struct Removal: Sendable, Equatable {
        package var path: String
        /// Of all its files. Those that another folder has, too, take up no less room after it.
        package var bytes: Int64
        package var reason: String
    }

    package struct Pruned: Sendable, Equatable {
        package var removed: [Removal] = []
        /// What somebody else is working on, or what of it could not be had.
        package var left: [Removal] = []
        package var failures: [FileFailure] = []

        package init() {}

        package var bytes: Int64 { removed.reduce(0) { $0 &+ $1.bytes } }
    }

    /// Removes what nobody needs: what is left of downloads and replaced folders, and models of ours that are not kept. What
    /// has no stamp of ours is never touched, unless its name says that it is left over from us; nor is a model that somebody
    /// is fetching now, nor the beginning of one that is kept and not whole.
    ///
    /// - Parameters:
    ///   - keep: all models that are to stay.
    ///   - patience: how long another one's lease is looked at, to see whether it is dead.
    ///   - isTrial: only says what would be removed.
    /// - Throws: where the root cannot be read. One that is not there has nothing to be removed.
    package func prune(
        keep: [ModelManifest], patience: Duration = .zero, isTrial: Bool = false
    ) throws(FileFailure) -> Pruned {
        let names: [String]
        do throws(FileFailure) {
            names = try FolderListing.names(in: path).sorted()
        } catch {
            if error.code == ENOENT { return Pruned() }
            throw error
        }
        var pruned = Pruned()
        for name in Set(names.compactMap(Self.model)).sorted() {
            let kept = keep.first { $0.folder == name }
            let folder = ModelFolder(root: path, manifest: kept ?? ModelManifest(name: name, folder: name))
            let candidates = removals(of: folder, isKept: kept != nil, names)
            // Somebody was killed while the name was missing.
            let isMissing = kept != nil && FolderTree.exists(folder.aside) && !FolderTree.exists(folder.path)
            if candidates.isEmpty, !isMissing { continue }
            if isTrial {
                pruned.removed += candidates
                continue
            }
            do throws(FileFailure) {
                guard let lease = try lease(of: folder, patience) else {
                    pruned.left += candidates.map { Removal(path: $0.path, bytes: $0.bytes, reason: "in use") }
                    continue
                }
                defer { lease.release() }
                // What was begun is finished first, and looked at again: now nobody else changes it.
                if kept != nil { try folder.recover() }
                for removal in removals(of: folder, isKept: kept != nil, names) + gone(candidates) {
                    guard lease.isHeld else { break }
                    try remove(removal, of: folder)
                    pruned.removed.append(removal)
                }
                if kept == nil { unlink(folder.lease) }
            } catch {
                pruned.failures.append(error)
            }
        }
        return pruned
    }

    // MARK: What there is

    /// The model that an entry of the root belongs to.
    private static func model(_ name: String) -> String? {
        var model = name[...]
        if name.hasPrefix(".") {
            model = model.dropFirst()
            guard let end = [".partial", ".old", ".lease"].lazy.compactMap({ ending(of: model, $0) }).first else {
                return nil
            }
            model = model[..<end]
        }
        return ModelPath.problem(ofFolder: String(model)) == nil ? String(model) : nil
    }

    /// `.lease` may be followed by an owner: the file of one who was killed before it had the lease.
    private static func ending(of name: Substring, _ suffix: String) -> Substring.Index? {
        if name.hasSuffix(suffix) { return name.index(name.endIndex, offsetBy: -suffix.count) }
        guard suffix == ".lease", let dot = name.lastIndex(of: "."), name[..<dot].hasSuffix(suffix) else { return nil }
        return !Hexadecimal.isRandom(name[name.index(after: dot)...]) ? nil : name.index(dot, offsetBy: -suffix.count)
    }

    private func removals(of folder: ModelFolder, isKept: Bool, _ names: [String]) -> [Removal] {
        var removals: [Removal] = []
        func add(_ path: String, _ reason: String) {
            if FolderTree.exists(path) {
                removals.append(Removal(path: path, bytes: FolderTree.bytes(path), reason: reason))
            }
        }
        let isWhole = if case .complete = folder.check() { true } else { false }
        // The beginning of a download that is wanted is carried on with.
        if !isKept || isWhole { add(folder.staging, "left of a download") }
        if !isKept || FolderTree.exists(folder.path) { add(folder.aside, "left of a folder that was replaced") }
        let prefix = ".\(folder.manifest.folder).lease."
        for name in names where name.hasPrefix(prefix) && Hexadecimal.isRandom(name.dropFirst(prefix.count)) {
            add("\(path)/\(name)", "left of a lease that was never had")
        }
        var status = stat()
        if !isKept, lstat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            FolderStamp.read(in: folder.path) != nil
        {
            add(folder.path, "a model that is not kept")
        }
        return removals
    }

    /// What went away with the lease or with recovery.
    private func gone(_ candidates: [Removal]) -> [Removal] { candidates.filter { !FolderTree.exists($0.path) } }

    private func lease(of folder: ModelFolder, _ patience: Duration) throws(FileFailure) -> ModelLease? {
        let candidate = LeaseCandidate(for: folder)
        let end = MonotonicClock.now + patience
        while true {
            if case .mine(let lease) = try candidate.attempt() { return lease }
            guard MonotonicClock.now < end else { return nil }
            usleep(500_000)
        }
    }

    private func remove(_ removal: Removal, of folder: ModelFolder) throws(FileFailure) {
        guard removal.path == folder.path else { return try FolderTree.remove(removal.path) }
        // Out of sight in one step. Where that is refused (an image's lower layer), at least not taken for whole.
        try FolderTree.remove(folder.aside)
        if rename(folder.path, folder.aside) == 0 { return try FolderTree.remove(folder.aside) }
        try FolderTree.remove("\(folder.path)/\(ModelFolder.stampName)")
        try FolderTree.remove(folder.path)
    }
}

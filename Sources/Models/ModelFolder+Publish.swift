import CFileCalls
import Glibc

/// From the staging folder to the name that PaddleX looks for. All of it is done under the model's lease.
extension ModelFolder {
    /// Between every two calls that others can see the outcome of. A test ends the process at each.
    package enum PublishStep: String, Sendable, CaseIterable {
        case checked, swept, synced, exchanged, oldAside, renamed, rootSynced, oldRemoved
    }

    /// Makes the staging folder, or lets one of an earlier attempt be carried on with: what lies in it is not believed, only
    /// checked sooner than fetched.
    package func prepareStaging() throws(FileFailure) {
        try FolderTree.make(root)
        var status = stat()
        // Somebody's link would lead elsewhere.
        if lstat(staging, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { try FolderTree.remove(staging) }
        try FolderTree.make(staging)
        // It said that another attempt's files were all there.
        try FolderTree.remove("\(staging)/\(Self.stampName)")
    }

    /// Says in the staging folder that it holds these files, whole and checked. The last thing before ``publish(step:)``.
    ///
    /// - Throws: with EINVAL where one of them is not there or has another size.
    package func writeStamp(for files: [ModelFile], revision: String, source: String) throws(FileFailure) {
        var remembered: [FolderStamp.File] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            let path = "\(staging)/\(file.path)"
            guard ModelPath.problem(file.path) == nil else { throw FileFailure("use the path", path, code: EINVAL) }
            let look = try FileLook(path)
            guard look.isRegular, file.size == nil || file.size == look.size else {
                throw FileFailure("stamp", path, code: EINVAL)
            }
            remembered.append(
                .init(path: file.path, size: look.size, modified: look.modified, sha256: file.sha256))
        }
        let stamp = FolderStamp(
            manifest: manifest.fingerprint, revision: revision, source: source, files: remembered)
        try stamp.write(in: staging)
    }

    /// Makes the stamped staging folder the model's. What stands under that name, if anything, is there until the new one is,
    /// and removed after. Killed anywhere in between, either is left, and ``recover()`` clears the rest.
    ///
    /// - Throws: with EINVAL where the staging folder is not what its stamp says; with EBUSY where something is mounted at
    ///   the model's own folder.
    package func publish(step: (PublishStep) -> Void = { _ in }) throws(FileFailure) {
        guard let stamp = FolderStamp.read(in: staging), case .complete = check(staging) else {
            throw FileFailure("publish", staging, code: EINVAL)
        }
        step(.checked)
        try sweepStaging(keeping: stamp)
        step(.swept)
        try FolderTree.sync(staging)
        step(.synced)
        if FolderTree.exists(path) { try replace(step) } else { try move(staging, path, "publish") }
        step(.renamed)
        try FolderTree.syncOne(root)
        step(.rootSynced)
        // It is published, whatever is left over now: the next one who looks removes it.
        try? FolderTree.remove(aside)
        step(.oldRemoved)
    }

    /// Finishes, or takes back, what somebody who was killed in the middle of ``publish(step:)`` had begun.
    package func recover() throws(FileFailure) {
        if case .complete(let evidence) = check(path), evidence.isStamped {
            try? FolderTree.remove(aside)
            try? FolderTree.remove(staging)
            return
        }
        if FolderStamp.read(in: staging)?.manifest == manifest.fingerprint, case .complete = check(staging) {
            try publish()
            return
        }
        // The old one is better than none.
        if !FolderTree.exists(path), FolderTree.exists(aside) { try move(aside, path, "put back") }
        try? FolderTree.remove(aside)
    }

    /// Removes the staging folder, for example where the disk is too small for all of it.
    package func discardStaging() throws(FileFailure) { try FolderTree.remove(staging) }

    /// Gives somebody else's folder, found complete, a stamp, so that the next look takes microseconds.
    ///
    /// - Returns: why not, which is no error: a read-only folder is looked at anew each time.
    @discardableResult
    package func adopt(_ evidence: ModelEvidence, source: String = "found") -> FileFailure? {
        if evidence.isStamped { return nil }
        let stamp = FolderStamp(
            manifest: manifest.fingerprint, revision: evidence.revision ?? "unknown",
            source: evidence.source ?? source,
            files: evidence.files.map {
                .init(path: $0.path, size: $0.size, modified: $0.modified, sha256: $0.sha256)
            })
        do throws(FileFailure) {
            try stamp.write(in: path)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Steps

    /// Removes what lies in the staging folder beside the files: parts of downloads, what a hoster no longer has.
    private func sweepStaging(keeping stamp: FolderStamp) throws(FileFailure) {
        var wanted: Set<String> = [Self.stampName]
        for file in stamp.files {
            wanted.insert(file.path)
            var folder = file.path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                wanted.insert(String(folder))
            }
        }
        try sweep(staging, below: "", wanted)
    }

    private func sweep(_ folder: String, below: String, _ wanted: Set<String>) throws(FileFailure) {
        for name in try FolderListing.names(in: folder) {
            let full = "\(folder)/\(name)"
            guard wanted.contains(below + name) else {
                try FolderTree.remove(full)
                continue
            }
            var status = stat()
            if lstat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                try sweep(full, below: "\(below)\(name)/", wanted)
            }
        }
    }

    private func replace(_ step: (PublishStep) -> Void) throws(FileFailure) {
        try FolderTree.remove(aside)
        if cox_exchange_names(staging, path) == 0 {
            step(.exchanged)
            try move(staging, aside, "set aside")
            step(.oldAside)
            return
        }
        let code = errno
        if code == EBUSY {
            throw FileFailure("replace (something is mounted there: mount the folder above it)", path, code: code)
        }
        // No exchange on this file system: the name is missing for a moment, and ``recover()`` knows.
        if rename(path, aside) != 0 {
            let code = errno
            // A folder of an image's lower layer cannot be renamed on overlayfs, only removed.
            guard code == EXDEV else { throw FileFailure("set aside", path, code: code) }
            // Without its stamp first: half of it must not count as whole.
            try FolderTree.remove("\(path)/\(Self.stampName)")
            try FolderTree.remove(path)
        }
        step(.oldAside)
        try move(staging, path, "publish")
    }

    private func move(_ from: String, _ to: String, _ action: String) throws(FileFailure) {
        if rename(from, to) != 0 { throw FileFailure(action, to, code: errno) }
    }
}

import Glibc
import Readable
import Storage

/// What happens to a file's bytes on the disk.
extension FileFetch {
    /// Finds out what is there from before.
    func begin() throws(DownloadError) {
        isWhole = item.size == 0
        beginParts()
        if let final = place.finalSize {
            // Without a size or hash of it the host is asked first.
            let isKnown = item.size != nil || item.sha256 != nil
            if isKnown, item.size ?? final == final, checkFinal() { return }
            if isKnown { place.removeFinal() }
        }
        try resume()
    }

    private func resume() throws(DownloadError) {
        guard let journal = place.readJournal().flatMap(Journal.init), let file = try? place.openPartial(),
            journal.size <= options.maximumBytes, journal.belongs(to: item, fileSize: file.size)
        else {
            place.removePartial()
            return
        }
        bytes = file
        size = journal.size
        validator = journal.validator
        isValidatorFromJournal = journal.validator != nil
        isResumed = !journal.done.isEmpty
        let done = journal.done.map { Part($0, isDone: true) }
        parts = (done + journal.missing.flatMap(split)).sorted { $0.start < $1.start }
        checkpointed = bytesDone
        do {
            try file.reserve(journal.size)
        } catch {
            throw error.asError(file: item.path, needed: journal.size - bytesDone, in: place.folder)
        }
    }

    /// Has the file under its own name hashed.
    ///
    /// - Returns: false where it cannot be read.
    func checkFinal() -> Bool {
        guard let file = try? place.openFinal() else { return false }
        stage = .checkingFinal
        size = file.size
        parts = []
        place.removePartial()
        let follower = HashFollower(file, path: item.path)
        self.follower = follower
        follower.follow(to: file.size)
        follower.finish(bench.hashed(index, generation))
        return true
    }

    func openPartial(reserving size: Int64?) throws(FileTrouble) {
        if bytes == nil { bytes = try place.openPartial() }
        try bytes?.setSize(0)
        if let size { try bytes?.reserve(size) }
    }

    /// Drops all bytes, and what is known of the file.
    func forgetBytes() {
        // A journal on its way is about the bytes that go.
        bench.disk.drain()
        forgetHash()
        place.removeJournal()
        try? bytes?.setSize(0)
        size = nil
        validator = nil
        isValidatorFromJournal = false
        isResumed = false
        isCheckpointing = false
        checkpointed = 0
        verdicts = [:]
        stage = .fetching
        beginParts()
    }

    func forgetHash() {
        generation += 1
        follower?.end()
        follower = nil
        followed = 0
        firstOpenPart = 0
    }

    /// Lets the hash follow, and has what is there put down from time to time. To be called often.
    func tend(_ now: Instant) {
        guard stage == .fetching, let bytes else { return }
        while firstOpenPart < parts.count, parts[firstOpenPart].isComplete { firstOpenPart += 1 }
        let isAllThere = size != nil && firstOpenPart == parts.count
        let frontier = isAllThere ? size ?? 0 : parts[firstOpenPart].position
        if frontier - followed >= 1 << 20 || isAllThere {
            let follower = follower ?? HashFollower(bytes, path: item.path)
            self.follower = follower
            follower.follow(to: frontier)
            followed = frontier
        }
        if isAllThere {
            stage = .hashing
            follower?.finish(bench.hashed(index, generation))
        } else if !isCheckpointing, canContinue, !isWhole, bytesDone > checkpointed {
            if bytesDone - checkpointed >= options.partBytes || now - lastCheckpoint > .seconds(2) { checkpoint(now) }
        }
    }

    private var journal: Journal? {
        guard let size, canContinue, !isWhole, stage == .fetching || stage == .hashing else { return nil }
        return Journal(size: size, validator: validator, sha256: item.sha256, ranges: rangesDone)
    }

    private func checkpoint(_ now: Instant) {
        guard let bytes, let journal else { return }
        isCheckpointing = true
        lastCheckpoint = now
        checkpointed = bytesDone
        let (place, report) = (place, bench.checkpointed(index, generation))
        bench.disk.post {
            // In this order, or the journal would vouch for bytes that a loss of power takes. Where it cannot be written
            // the download goes on, and cannot be resumed.
            let isSynced = (try? bytes.sync()) != nil
            if isSynced { try? place.writeJournal(journal.bytes) }
            report(isSynced)
        }
    }

    /// The hash is known.
    ///
    /// - Returns: an error that ends all, or nil.
    func hashed(_ end: HashFollower.End) -> Step {
        follower?.end()
        follower = nil
        let hash: String
        switch end {
        case .hash(let text): hash = text
        case .trouble(let trouble): return .fatal(trouble.asError(file: item.path))
        }
        let isRight = item.sha256 ?? hash == hash
        if stage == .checkingFinal {
            if isRight {
                finish(hash)
                return .goOn
            }
            place.removeFinal()
            forgetBytes()
            return .goOn
        }
        guard isRight else {
            // What an earlier run left may be to blame, or two hosts' bytes together.
            if isResumed { return .startAgain }
            discard()
            return .failed(
                Failure(
                    kind: .wrongHash,
                    reason: "its bytes are not those it should have (SHA-256 \(hash.prefix(12))…, expected "
                        + "\((item.sha256 ?? "").prefix(12))…)"))
        }
        self.hash = hash
        stage = .placing
        guard let bytes, let size else { return .goOn }
        let (place, report) = (place, bench.placed(index, generation))
        bench.disk.post {
            do throws(FileTrouble) {
                if bytes.size != size { try bytes.setSize(size) }
                // Before the name: after a loss of power there would be a file with nothing in it.
                try bytes.sync()
                try place.place()
                report(nil)
            } catch {
                report(error)
            }
        }
        return .goOn
    }

    func placed(_ trouble: FileTrouble?) -> Step {
        if let trouble { return .fatal(trouble.asError(file: item.path, needed: size, in: place.folder)) }
        finish(hash ?? "")
        return .goOn
    }

    private func finish(_ hash: String) {
        stage = .done
        if let size { parts = [Part(0..<size, isDone: true)] }
        result = Downloaded(path: item.path, size: size ?? 0, sha256: hash, etag: etag)
        bytes = nil
    }

    /// Removes what is there of a file that is wrong.
    func discard() {
        bench.disk.drain()
        place.removePartial()
        bytes = nil
    }

    /// Puts down what is there, for another run to go on with.
    ///
    /// - Parameter quickly: without waiting for the disk. The journal then says so only of files whose hash will tell if
    ///   the power went before their bytes were down.
    func putDown(quickly: Bool) {
        follower?.end()
        follower = nil
        guard let bytes, stage == .fetching || stage == .hashing else { return }
        guard let journal, !journal.ranges.isEmpty else { return discard() }
        let place = place
        guard !quickly || item.sha256 != nil else { return }
        bench.disk.post {
            for gap in journal.missing { bytes.release(gap) }
            guard quickly || (try? bytes.sync()) != nil else { return }
            try? place.writeJournal(journal.bytes)
        }
    }
}

extension FileTrouble {
    /// - Parameters:
    ///   - needed: bytes that there was no room for.
    ///   - folder: whose file system it is about.
    func asError(file: String, needed: Int64? = nil, in folder: String? = nil) -> DownloadError {
        guard isForWantOfRoom, let folder else {
            let message = "cannot \(doing) \(PlainText.short(path)): \(String(cString: strerror(code)))"
            return DownloadError(kind: .file, host: "", file: file, message: message, mayPass: false)
        }
        return .diskFull(file: file, needed: needed, folder: folder, isQuota: code == EDQUOT)
    }
}

extension DownloadError {
    static func diskFull(file: String, needed: Int64?, folder: String, isQuota: Bool = false) -> DownloadError {
        var message = isQuota ? "the quota of \(folder) is used up" : "the disk of \(folder) is full"
        let what = file.isEmpty ? "the files" : PlainText.short(file)
        if let needed { message += ": \(what) needs \(ByteCount.text(needed)) more" }
        if let free = DiskRoom(folder: folder).freeBytes() {
            message += "\(needed == nil ? ": " : " and ")\(ByteCount.text(free)) is free"
        }
        message += "; make room, or mount a larger volume there"
        return DownloadError(kind: .diskFull, host: "", file: file, message: message, mayPass: false)
    }
}

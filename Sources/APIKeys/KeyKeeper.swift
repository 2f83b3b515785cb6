import Synchronization

/// Knows the keys that are valid now, and counts what their holders send. Times are seconds of one clock that does not go
/// back. May be asked from anywhere at the same time.
package final class KeyKeeper: Sendable {
    private let sources: KeySources
    private let ring: Mutex<KeyRing>
    private let watch: Mutex<Watch>
    private let buckets = Mutex<[String: TokenBucket]>([:])
    private let report: @Sendable (KeyReport) -> Void

    /// What is known of the file.
    private struct Watch {
        var nextLook: Double
        var signature: KeyFile.Signature?
        /// It changed when it was looked at last. What is written in the same moment as it is read leaves no trace but in
        /// its content, so it is read once more.
        var isSettling = true
        var problem: KeyProblem?
    }

    /// Seconds between two looks at the file.
    package static let interval = 1.0

    /// - Parameter report: told what the operator should know, from now on.
    /// - Throws: ``KeyProblem`` for keys that cannot be used.
    package init(
        _ sources: KeySources, at now: Double, report: @escaping @Sendable (KeyReport) -> Void = { _ in }
    ) throws(KeyProblem) {
        self.sources = sources
        self.report = report
        let read = try Self.read(sources)
        ring = Mutex(read.ring)
        watch = Mutex(Watch(nextLook: now + Self.interval, signature: read.signature))
        if let path = sources.file, Self.tellsSecrets(read.bytes, read.signature) { report(.shared(file: path)) }
    }

    /// No keys are set: everybody may do everything.
    package var isOpen: Bool { sources.isEmpty }

    /// Those that are valid now.
    package var keys: KeyRing { ring.withLock { $0 } }

    /// Judges a request by its header. Looks at the file first if that is due.
    package func judge(_ credentials: Credentials, at now: Double) -> KeyVerdict {
        guard !isOpen else { return .open }
        look(at: now)
        switch credentials {
        case .none: return .refused(.missing)
        case .ambiguous: return .refused(.ambiguous)
        case .key(let digest):
            guard let key = ring.withLock({ $0.key(digest) }) else { return .refused(.unknown) }
            return takeTurn(key, at: now).map { .limited(key, seconds: $0) } ?? .holder(key)
        }
    }

    /// Whether a key that was let in before still would be, for what goes on for long. Looks at the file first if that is due.
    package func isValid(_ key: APIKey, at now: Double) -> Bool {
        look(at: now)
        return ring.withLock { $0.keys.contains { $0.label == key.label && $0.digest == key.digest } }
    }

    /// - Returns: seconds to wait; nil when the request may go on.
    private func takeTurn(_ key: APIKey, at now: Double) -> Double? {
        guard let limit = key.limits.requestsPerMinute else { return nil }
        return buckets.withLock { buckets in
            var bucket = buckets[key.label] ?? TokenBucket(perMinute: limit, at: now)
            if bucket.perMinute != limit { bucket = TokenBucket(perMinute: limit, at: now) }
            defer { buckets[key.label] = bucket }
            return bucket.take(at: now)
        }
    }

    // MARK: - The file

    private func look(at now: Double) {
        guard let path = sources.file else { return }
        // One looks at a time, and nobody waits for it: a disk may be slow.
        watch.withLockIfAvailable { watch in
            guard now >= watch.nextLook else { return }
            watch.nextLook = now + Self.interval
            let signature = KeyFile(path: path).signature()
            guard signature != watch.signature || watch.isSettling else { return }
            let isNew = signature != watch.signature
            watch.isSettling = isNew
            do throws(KeyProblem) {
                let read = try Self.read(sources)
                // It may have changed between the look and the reading.
                if read.signature != signature { watch.isSettling = true }
                watch.signature = read.signature
                adopt(read.ring, wasBroken: watch.problem != nil)
                watch.problem = nil
                if isNew, Self.tellsSecrets(read.bytes, read.signature) { report(.shared(file: path)) }
            } catch {
                watch.signature = signature
                if isNew || watch.problem != error { report(.kept(error)) }
                watch.problem = error
            }
        }
    }

    private func adopt(_ new: KeyRing, wasBroken: Bool) {
        let old = ring.withLock { ring in
            defer { ring = new }
            return ring
        }
        guard old != new || wasBroken else { return }
        let labels = Set(new.keys.map(\.label))
        buckets.withLock { buckets in buckets = buckets.filter { labels.contains($0.key) } }
        report(.read(KeyChange(from: old, to: new)))
    }

    private static func read(
        _ sources: KeySources
    ) throws(KeyProblem) -> (ring: KeyRing, bytes: [UInt8], signature: KeyFile.Signature?) {
        guard let path = sources.file else { return (try sources.ring(file: nil), [], nil) }
        let file = try KeyFile(path: path).read()
        return (try sources.ring(file: file.bytes), file.bytes, file.signature)
    }

    /// Somebody else may read a key in the file; digests are no secret.
    private static func tellsSecrets(_ bytes: [UInt8], _ signature: KeyFile.Signature?) -> Bool {
        guard signature?.isShared == true else { return false }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count > 1 && !fields[0].hasPrefix("#")
                && !fields[1].lowercased().hasPrefix(KeyText.digestPrefix)
        }
    }
}

/// What becomes of a request.
package enum KeyVerdict: Sendable, Equatable {
    /// No keys are set.
    case open
    case holder(APIKey)
    case refused(KeyRefusal)
    /// Its key has had its requests; seconds until the next one may come.
    case limited(APIKey, seconds: Double)
}

/// Why a request is refused.
package enum KeyRefusal: Sendable, Equatable {
    case missing, ambiguous, unknown
}

/// What the operator should know of the keys.
package enum KeyReport: Sendable, Equatable {
    /// The file was read again.
    case read(KeyChange)
    /// The file changed, and cannot be used: the keys stay as they were.
    case kept(KeyProblem)
    /// The file holds keys, and can be read by others than its owner.
    case shared(file: String)
}

/// What a file that was read again has changed: labels.
package struct KeyChange: Sendable, Equatable {
    package var count: Int
    package var added: [String]
    package var removed: [String]
    /// Same label, another key or other limits.
    package var changed: [String]

    init(from old: KeyRing, to new: KeyRing) {
        let before = Dictionary(uniqueKeysWithValues: old.keys.map { ($0.label, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.keys.map { ($0.label, $0) })
        count = new.keys.count
        added = after.keys.filter { before[$0] == nil }.sorted()
        removed = before.keys.filter { after[$0] == nil }.sorted()
        changed = after.keys.filter { label in before[label].map { $0 != after[label] } ?? false }.sorted()
    }
}

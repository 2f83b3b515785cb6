internal import GRDB
import Synchronization

/// Writes that arrive while the disk is busy become one transaction, since what costs time is waiting for the disk once
/// a transaction. Each caller is told after the commit is on the disk, and of its own errors only.
final class GroupCommit: Sendable {
    private struct Write: Sendable {
        /// Throws only what ends the whole transaction.
        var apply: @Sendable (Database) throws -> Void
        var tell: @Sendable ((any Error)?) -> Void
    }

    private let queue: DatabaseQueue
    private let waiting = Mutex<[Write]>([])

    /// Writes that share a transaction: bounds how long those after them wait.
    private static let maximumGroup = 256

    init(_ queue: DatabaseQueue) { self.queue = queue }

    /// - Parameter body: may be run twice; the first time's changes are undone before the second. Its own errors undo
    ///   its own changes alone.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let outcome = Outcome<Value>()
            let write = Write { db in
                do {
                    var value: Value?
                    try db.inSavepoint {
                        value = try body(db)
                        return .commit
                    }
                    outcome.result.withLock { $0 = value.map(Result.success) }
                } catch {
                    outcome.result.withLock { $0 = .failure(error) }
                    // SQLite undoes everything when the disk is full and in some other straits.
                    if !db.isInsideTransaction { throw error }
                }
            } tell: { failure in
                let result = outcome.result.withLock { $0 }
                continuation.resume(with: failure.map(Result.failure) ?? result ?? .failure(JobStoreError.closed))
            }
            waiting.withLock { $0.append(write) }
            // Whoever comes first takes them all; the others find nothing left.
            queue.asyncWriteWithoutTransaction { [self] db in commit(db) }
        }
    }

    /// - Parameter body: sees one state of the database, for nobody writes meanwhile.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.asyncWriteWithoutTransaction { db in continuation.resume(with: Result { try body(db) }) }
        }
    }

    private func commit(_ db: Database) {
        let group = waiting.withLock { waiting in
            let group = Array(waiting.prefix(Self.maximumGroup))
            waiting.removeFirst(group.count)
            return group
        }
        guard let failure = commit(group, db) else { return }
        // A large write that finds no room must not take small ones with it.
        guard group.count > 1 else {
            for write in group { write.tell(failure) }
            return
        }
        for write in group {
            if let failure = commit([write], db) { write.tell(failure) }
        }
    }

    /// - Returns: what undid everything, in which case nobody was told; or nil.
    private func commit(_ group: [Write], _ db: Database) -> (any Error)? {
        guard !group.isEmpty else { return nil }
        do {
            try db.inTransaction(.immediate) {
                for write in group { try write.apply(db) }
                return .commit
            }
        } catch {
            return error
        }
        for write in group { write.tell(nil) }
        return nil
    }
}

/// Where a write's result waits for the commit.
private final class Outcome<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
}

internal import GRDB

/// What came of a request for a job.
package enum JobCreation: Sendable {
    case created(Job)
    /// The same request came before.
    case existing(Job)
    /// Another request came before with the same idempotency key.
    case conflict(Job)
}

extension JobStore {
    /// Makes a job of a document.
    ///
    /// With an idempotency key that its owner used before, the document and the options decide whether it is the same request.
    /// The password and the trace are not compared. A key is free again when its job is removed.
    ///
    /// - Parameters:
    ///   - storeDocument: puts the document into `spool` in the store's folder under the name given, on the disk before
    ///     it returns. Not called when there is a job already.
    /// - Throws: ``JobStoreError``, or what `storeDocument` throws. The document is gone from the spool then.
    package func create(
        _ request: NewJob, at now: Double, storeDocument: (_ name: String) async throws -> Void
    ) async throws -> JobCreation {
        let new = request.withoutNulls
        if let earlier = try await read({ db in try Self.earlier(new, db) }) { return earlier }
        let id = JobIdentifier()
        let creation: JobCreation
        do {
            try await storeDocument(id.description)
            let options = try JobRow.encode(new.options.withoutPassword)
            creation = try await write { db in
                // Another request with the same key may have come in between.
                if let earlier = try Self.earlier(new, db) { return earlier }
                try db.cachedStatement(sql: Self.insertion).execute(arguments: [
                    id.description, new.fileName, new.kind, new.bytes, new.sha256, options,
                    new.options.password?.text, new.idempotencyKey, new.owner, now,
                ])
                return .created(try db.job(id))
            }
        } catch {
            folder.removeSpoolFile(of: id)
            throw error
        }
        if case .created = creation { return creation }
        folder.removeSpoolFile(of: id)
        return creation
    }

    private static let insertion = """
        INSERT INTO job (id, file_name, kind, bytes, sha256, options, password, request_key, owner, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private static func earlier(_ new: NewJob, _ db: Database) throws -> JobCreation? {
        // As the index has it, or SQLite does not see that it fits.
        let condition = "COALESCE(owner, '') = ? AND request_key = ?"
        guard let key = new.idempotencyKey, let job = try db.jobs(where: condition, [new.owner ?? "", key]).first else {
            return nil
        }
        let isSame =
            job.sha256 != nil && job.sha256 == new.sha256 && job.bytes == new.bytes
            && job.options.compared == new.options.compared
        return isSame ? .existing(job) : .conflict(job)
    }
}

extension NewJob {
    /// SQLite's texts end at the first null, which would make one of two keys.
    fileprivate var withoutNulls: NewJob {
        func clean(_ text: String?) -> String? {
            text.map { String(String.UnicodeScalarView($0.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })) }
        }
        var copy = self
        copy.fileName = clean(fileName)
        copy.idempotencyKey = clean(idempotencyKey)
        copy.options.password = clean(options.password?.text).map { Secret($0) }
        copy.options.output = clean(options.output)
        copy.options.webhook = clean(options.webhook)
        return copy
    }
}

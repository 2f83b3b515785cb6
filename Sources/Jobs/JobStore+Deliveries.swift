internal import GRDB

/// What is to be brought to others. See ``Delivery``.
extension JobStore {
    /// All that wait, in the order in which they came up.
    package func waitingDeliveries() async throws(JobStoreError) -> [Delivery] {
        try await read { db in try db.deliveries(where: "delivery.status = 'waiting'") }
    }

    /// Writes down what came of a try.
    ///
    /// - Returns: the delivery as it stands now; nil when it is not there any more, since its job was removed, or was over
    ///   before.
    package func record(_ outcome: DeliveryOutcome, of id: String) async throws(JobStoreError) -> Delivery? {
        try await write { db in
            let (status, next, detail): (Delivery.Status, Double?, String?) =
                switch outcome {
                case .done: (.done, nil, nil)
                case .again(let time, let detail): (.waiting, time, detail)
                case .failed(let detail): (.failed, nil, detail)
                }
            try db.cachedStatement(
                sql: """
                    UPDATE delivery SET status = ?, attempts = attempts + 1, next_attempt_at = ?, detail = ?
                    WHERE id = ? AND status = 'waiting'
                    """
            ).execute(arguments: [status.rawValue, next, detail, id])
            guard db.changesCount > 0 else { return nil }
            try db.cachedStatement(
                sql: """
                    UPDATE job SET revision = revision + 1
                    WHERE position = (SELECT job FROM delivery WHERE id = ?)
                    """
            ).execute(arguments: [id])
            return try db.deliveries(where: "delivery.id = ?", [id]).first
        }
    }

    /// Gives an upload's files another name, where theirs is taken.
    package func rename(_ id: String, to name: String) async throws(JobStoreError) {
        try await write { db in
            try db.cachedStatement(sql: "UPDATE delivery SET name = ? WHERE id = ? AND status = 'waiting'")
                .execute(arguments: [name, id])
        }
    }
}

extension Database {
    /// In the order in which they came up.
    ///
    /// - Parameter condition: on the table `delivery`.
    func deliveries(
        where condition: String, _ arguments: StatementArguments = StatementArguments()
    ) throws -> [Delivery] {
        let statement = try cachedStatement(
            sql: """
                SELECT delivery.*, job.id AS job_id FROM delivery JOIN job ON job.position = delivery.job
                WHERE \(condition) ORDER BY delivery.position
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { try JobRow.delivery($0) }
    }

    /// What a job's end brings with it.
    ///
    /// The news of the end waits a little where results go to a store as well: they then say where those are. That time is in
    /// the row, so nobody has to be there for it to be over.
    func addDeliveries(of job: Job, _ end: JobEnd, at now: Double) throws {
        var targets: Set<String> = []
        for upload in end.uploads where targets.insert(upload.target).inserted {
            try addDelivery(.objects, to: upload.target, name: upload.name, of: job, created: now, due: now)
        }
        guard let webhook = job.options.webhook else { return }
        let due = targets.isEmpty ? now : now + JobStore.uploadHeadStart
        try addDelivery(.webhook, to: webhook, name: nil, of: job, created: now, due: due)
    }

    private func addDelivery(
        _ kind: Delivery.Kind, to target: String, name: String?, of job: Job, created: Double, due: Double
    ) throws {
        try cachedStatement(
            sql: """
                INSERT INTO delivery (id, job, kind, target, name, created_at, next_attempt_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            JobIdentifier().description, job.position, kind.rawValue, target, name, created, due,
        ])
    }
}

extension JobStore {
    /// Seconds that a job's uploads have before its webhook is told, whatever becomes of them.
    package static let uploadHeadStart = 10.0
}

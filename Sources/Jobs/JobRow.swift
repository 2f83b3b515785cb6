import Document
import FoundationEssentials
internal import GRDB

/// How jobs and pages are written into the tables and read back.
enum JobRow {
    static func job(_ row: Row) throws -> Job {
        guard let id = JobIdentifier(row["id"] as String), let status = JobStatus(rawValue: row["status"]) else {
            throw damaged("a job has the id \(row["id"] as String) and the status \(row["status"] as String)")
        }
        var options = try decode(JobOptions.self, row["options"])
        options.password = (row["password"] as String?).map { Secret($0) }
        var failure: JobFailure?
        if let code = row["failure_code"] as String?, let status = row["failure_status"] as Int? {
            failure = JobFailure(code: code, httpStatus: status)
        }
        var results: JobResults?
        if let markdown = row["markdown_path"] as String?, let json = row["json_path"] as String? {
            results = JobResults(markdown: markdown, json: json)
        }
        return Job(
            id: id, position: row["position"], revision: row["revision"], status: status, fileName: row["file_name"],
            kind: row["kind"], bytes: row["bytes"], sha256: row["sha256"], options: options,
            idempotencyKey: row["request_key"], owner: row["owner"], createdAt: row["created_at"],
            startedAt: row["started_at"],
            finishedAt: row["finished_at"], pageCount: row["page_count"], pagesSelected: row["pages_selected"],
            pagesDone: row["pages_done"], pagesDegraded: row["pages_degraded"], pagesFailed: row["pages_failed"],
            starts: row["starts"], detail: row["detail"], failure: failure, model: row["model"], results: results)
    }

    static func delivery(_ row: Row) throws -> Delivery {
        guard let job = JobIdentifier(row["job_id"] as String), let kind = Delivery.Kind(rawValue: row["kind"]),
            let status = Delivery.Status(rawValue: row["status"])
        else {
            throw damaged("a delivery has the kind \(row["kind"] as String) and the status \(row["status"] as String)")
        }
        return Delivery(
            id: row["id"], job: job, kind: kind, target: row["target"], name: row["name"], status: status,
            attempts: row["attempts"], createdAt: row["created_at"], nextAttempt: row["next_attempt_at"],
            detail: row["detail"])
    }

    static func storedPage(_ row: Row) throws -> StoredPage {
        StoredPage(sequence: row["sequence"], page: try page(row["body"]))
    }

    static func page(_ body: String) throws -> Page { try decode(Page.self, body) }

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        // Equal pages are equal texts: results take them over as they are.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            // Not the error's own words: they may hold a piece of the document.
            throw damaged("it holds a \(type) that cannot be read")
        }
    }

    static func damaged(_ reason: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: reason)
    }
}

extension Database {
    /// A job as it stands now.
    ///
    /// - Throws: ``JobStoreError/unknownJob(_:)``.
    func job(_ id: JobIdentifier) throws -> Job {
        guard let job = try jobs(where: "id = ?", [id.description]).first else { throw JobStoreError.unknownJob(id) }
        return job
    }

    /// - Parameter condition: may be followed by an order and a limit.
    func jobs(where condition: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Job] {
        let statement = try cachedStatement(sql: "SELECT * FROM job WHERE \(condition)")
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            var job = try JobRow.job(row)
            // Others have none.
            if job.status.isFinished {
                job.deliveries = try deliveries(where: "delivery.job = ?", [job.position])
            }
            return job
        }
    }

    /// Changes a job's columns, and counts the change.
    func update(_ job: Job, _ columns: String, _ arguments: StatementArguments = StatementArguments()) throws {
        let statement = try cachedStatement(
            sql: "UPDATE job SET revision = revision + 1, \(columns) WHERE position = ?")
        try statement.execute(arguments: arguments + [job.position])
    }

    /// The numbers of the pages of a job that are over.
    func donePages(_ job: Job) throws -> PageSet {
        guard job.pagesDone > 0 else { return PageSet() }
        let statement = try cachedStatement(sql: "SELECT number FROM page WHERE job = ? ORDER BY number")
        var pages = PageSet()
        let numbers = try Int.fetchCursor(statement, arguments: [job.position])
        while let number = try numbers.next() { pages.append(number...number) }
        return pages
    }

    /// How often the engine crashed while a page was at it, by the numbers of the pages.
    func crashes(_ job: Job) throws -> [Int: Int] {
        let statement = try cachedStatement(sql: "SELECT number, count FROM crash WHERE job = ?")
        let rows = try Row.fetchAll(statement, arguments: [job.position])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["number"], $0["count"]) })
    }
}

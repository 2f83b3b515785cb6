import Document
import Foundation
import Jobs
import TestSupport

/// Times at which nothing is old.
let moment = 1_700_000_000.0

/// A folder with a store, and what a caller of it does beside.
struct Workplace {
    let folder: TestFolder
    let store: JobStore

    init(_ folder: TestFolder? = nil, limits: JobLimits = JobLimits(), sharesMemory: Bool? = nil) throws {
        self.folder = try folder ?? TestFolder()
        store = try JobStore(
            folder: self.folder.path, limits: limits, at: moment, patience: 0, sharesMemory: sharesMemory)
    }

    var spool: [String] { folder.names(in: "spool") }

    /// Puts a document where the spool would.
    @Sendable func storeDocument(_ name: String) throws { try folder.write("spool/\(name)", "%PDF-") }

    func create(_ new: NewJob = .sample(), at now: Double = moment) async throws -> JobCreation {
        try await store.create(new, at: now) { try storeDocument($0) }
    }

    /// A job that nothing stands in the way of.
    func job(_ new: NewJob = .sample(), at now: Double = moment) async throws -> Job {
        guard case .created(let job) = try await create(new, at: now) else { throw Unexpected("no job was made") }
        return job
    }

    /// A job that is over.
    func finishedJob(pages: Int = 0, text: String = "text", at now: Double = moment) async throws -> Job {
        let job = try await job(at: now)
        _ = try await store.begin(job.id, at: now)
        for number in 0..<pages { _ = try await store.commit(.sample(number + 1, text: text), of: job.id) }
        return try await store.finish(job.id, JobEnd(.success), at: now)
    }

    /// Closes the store and opens another one in the same folder.
    func reopened(limits: JobLimits = JobLimits()) throws -> Workplace {
        try store.close()
        return try Workplace(folder, limits: limits)
    }
}

struct Unexpected: Error {
    var text: String
    init(_ text: String) { self.text = text }
}

extension NewJob {
    static func sample(
        _ fileName: String? = "a.pdf", sha256: String? = "5a", options: JobOptions = JobOptions(), key: String? = nil,
        owner: String? = nil
    ) -> NewJob {
        NewJob(
            fileName: fileName, kind: "pdf", bytes: 5, sha256: sha256, options: options, idempotencyKey: key,
            owner: owner)
    }
}

extension Page {
    static func sample(_ number: Int, _ outcome: Outcome = .ok, text: String = "text") -> Page {
        Page(number: number, outcome: outcome, reason: outcome == .ok ? nil : "why", text: text, attempts: 1)
    }
}

extension JobCreation {
    var created: Job? { if case .created(let job) = self { job } else { nil } }
    var existing: Job? { if case .existing(let job) = self { job } else { nil } }
    var conflict: Job? { if case .conflict(let job) = self { job } else { nil } }
}

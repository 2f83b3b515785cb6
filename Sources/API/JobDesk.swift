import APIKeys
import Deliveries
import HTTPTypes
import Hummingbird
import Intake
import Jobs
import Logging
import Pipeline
import Storage
import TimeOfDay

/// Takes documents in: refuses what there is no room for, and makes jobs of the rest.
struct JobDesk: Sendable {
    let store: JobStore
    let pipeline: JobPipeline
    let deliverer: Deliverer
    let view: ContainerView
    let options: JobOptionsReader
    let settings: APISettings
    let metrics: APIMetrics

    /// Judges a request by its head, before any of its body is read.
    ///
    /// - Parameter key: that of whoever sends it; nil while none are set.
    func admit(contentLength: Int?, from key: APIKey?) async throws {
        if let refusal = view.refusal() { throw APIError(refusal) }
        try await admitPages(of: key)
        let waiting = await pipeline.count
        guard waiting < settings.maximumJobs else {
            throw APIError(
                .tooManyRequests,
                "\(waiting) documents are waiting or being read; no more are taken at once (COXSWAIN_MAX_JOBS).",
                headers: [HTTPField(name: .retryAfter, value: "10")]
            ).refusing(.tooManyJobs)
        }
        guard store.room.hasRoom(for: contentLength ?? 0) else { throw APIError.noRoom }
    }

    /// The document with which a key reaches its limit is still read: how many pages it has is known when it is opened.
    private func admitPages(of key: APIKey?) async throws {
        guard let key, let limit = key.limits.pagesPerDay else { return }
        let now = WallClock.now()
        guard try await store.pagesTaken(by: key.label, at: now) < limit else {
            throw APIError(pagesOf: key, limit: limit, waitFor: PageDay.secondsLeft(at: now))
        }
    }

    /// What is wanted of a document.
    ///
    /// - Throws: `APIError` 422 or 403, naming the option.
    func options(query: [String: String], form: DocumentForm) throws -> JobOptions {
        if let field = JobOptionsReader.names.first(where: form.unreadFields.contains) {
            throw APIError(.unprocessableContent, "The form field `\(field)` is too long, or no UTF-8.")
        }
        return try options.read(query: query, fields: form.fields)
    }

    /// Makes a job of an upload, and has the work on it begun.
    ///
    /// - Returns: the job, and whether it is new: with a key that was used before it is the one of then.
    func take(
        _ upload: Upload, _ options: JobOptions, idempotencyKey: String?, from key: APIKey?
    ) async throws -> (job: Job, isNew: Bool) {
        // Others of the same key may have come in while this one was sent.
        try await admitPages(of: key)
        let new = NewJob(
            fileName: upload.fileName, kind: upload.kind.rawValue, bytes: upload.bytes, sha256: upload.sha256,
            options: options, idempotencyKey: idempotencyKey, owner: key?.label)
        let creation = try await store.create(new, at: WallClock.now()) { name in
            try await upload.file.publish(as: name)
        }
        switch creation {
        case .created(let job):
            metrics.accepted(upload.kind)
            await pipeline.submit(job)
            return (job, true)
        case .existing(let job): return (job, false)
        case .conflict:
            throw APIError(
                .unprocessableContent,
                "This Idempotency-Key was used for another document or other options; use a new one."
            ).refusing(.keyReused)
        }
    }

    /// Returns once the job is finished, or when the task is cancelled.
    func wait(for id: JobIdentifier) async throws -> Job? {
        while true {
            let count = pipeline.changes.count(of: id)
            guard let job = try await store.job(id) else { return nil }
            guard !job.status.isFinished, let count else { return job }
            await pipeline.changes.wait(for: id, after: count)
            try Task.checkCancellation()
        }
    }

    /// A finished job, once what its end brings with it was tried; as it stands when that takes longer, or a latch opens.
    func waitForDeliveries(of job: Job, until latches: [Latch]) async throws -> Job {
        guard job.deliveries.contains(where: { $0.status == .waiting && $0.attempts == 0 }) else { return job }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await deliverer.waitForFirstTries(of: job.id) }
            for latch in latches { group.addTask { await latch.wait() } }
            group.addTask { try? await Task.sleep(for: Self.deliveryPatience) }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
        return try await store.job(job.id) ?? job
    }

    private static let deliveryPatience = Duration.seconds(10)

    /// The key of a request that may come twice.
    static func idempotencyKey(of request: Request) throws -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else { return nil }
        guard (1...255).contains(key.utf8.count) else {
            throw APIError(.badRequest, "The Idempotency-Key must have 1 to 255 bytes.")
        }
        return key
    }
}

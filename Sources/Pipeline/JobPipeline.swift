import Document
import EngineClient
package import Jobs
package import Logging
import Rendering

/// Works through the jobs of a store: opens documents, reads their pages side by side and in fair turns, commits each page
/// before anybody is told, and writes the results.
///
/// Only so many pages are under way over all jobs together, so that memory does not grow with a document's length or the
/// number of documents: as many pictures as the engine takes, and what the renderers need to be always busy.
package actor JobPipeline {
    let recogniser: Recogniser
    let store: JobStore
    let results: ResultWriter
    let logger: Logger
    let whenFinished: @Sendable (Job) async -> Void
    package nonisolated let changes = JobChanges()

    /// A job that is not finished.
    struct Active {
        let job: Job
        let options: ReadingOptions
        var document: RenderedDocument?
        /// Numbers of the pages that are not begun, from 1.
        var pending = PageSet()
        /// Pages that the engine crashed over, and how often.
        var crashes: [Int: Int] = [:]
        /// What is under way: pages by their numbers, and opening as 0.
        var tasks: [Int: Task<Void, Never>] = [:]
        var model: String?
        /// Its results are being written: too late for anything else.
        var isFinishing = false
    }

    var active: [JobIdentifier: Active] = [:]
    private var turns = FairTurns<JobIdentifier>()
    /// Pages at the renderers, and pictures at the engine or waiting for it.
    private var drawing = 0
    private var pictures = 0
    private(set) var isStopped = false

    /// - Parameter whenFinished: told of each job that has ended, before whoever waits for it is.
    package init(
        recogniser: Recogniser, store: JobStore, results: ResultWriter, logger: Logger,
        whenFinished: @escaping @Sendable (Job) async -> Void = { _ in }
    ) {
        self.recogniser = recogniser
        self.store = store
        self.results = results
        self.logger = logger
        self.whenFinished = whenFinished
    }

    /// Jobs that are not finished.
    package var count: Int { active.count }

    /// Begins to work on a job that the store holds.
    ///
    /// - Parameter crashes: pages that the engine crashed over in an earlier life, and how often.
    package func submit(_ job: Job, crashes: [Int: Int] = [:]) {
        guard !isStopped, active[job.id] == nil else { return }
        let options = ReadingOptions(
            recogniser.settings, task: job.options.task, maximumPixels: job.options.maxPixels,
            traceparent: job.options.traceparent)
        active[job.id] = Active(job: job, options: options, crashes: crashes)
        changes.begin(job.id)
        turns.add(job.id)
        proceed()
    }

    /// Ends the work on a job; its renderer and its places at the engine are free when this returns.
    ///
    /// - Returns: false when it is not worked on.
    package func cancel(_ id: JobIdentifier, at now: Double) async throws -> Bool {
        guard let entry = active[id], !entry.isFinishing else { return false }
        active[id] = nil
        turns.remove(id)
        for task in entry.tasks.values { task.cancel() }
        for task in entry.tasks.values { await task.value }
        entry.document?.close()
        defer { changes.ended(id) }
        proceed()
        do {
            let job = try await store.cancel(id, at: now)
            recogniser.metrics.ended(.cancelled)
            await whenFinished(job)
        } catch .finished {
            return false
        }
        return true
    }

    /// Takes up no more work and gives up what is under way; the store keeps what is done.
    package func stop() async {
        isStopped = true
        let tasks = active.values.flatMap { $0.tasks.values }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        for id in active.keys { changes.ended(id) }
        active = [:]
        do {
            try await store.suspend()
            try store.close()
        } catch {
            logger.warning("the job store could not be closed", metadata: ["error": .string("\(error)")])
        }
    }

    /// The engine takes more or fewer pictures than before.
    package func placesChanged() { proceed() }

    // MARK: - Whose turn it is

    /// A renderer that is done finds the next page waiting.
    private var hasRoom: Bool {
        drawing < 2 * recogniser.settings.cores
            && drawing + pictures < recogniser.engine.places + recogniser.settings.cores
    }

    func proceed() {
        while !isStopped, hasRoom, let id = turns.next() {
            guard let entry = active[id] else {
                turns.remove(id)
                continue
            }
            if let document = entry.document {
                begin(page: id, of: document)
            } else {
                // Its pages are known when it is open.
                turns.remove(id)
                drawing += 1
                active[id]?.tasks[0] = Task { await self.open(entry.job) }
            }
        }
    }

    private func begin(page id: JobIdentifier, of document: RenderedDocument) {
        guard let entry = active[id], let number = active[id]?.pending.popFirst() else { return turns.remove(id) }
        if active[id]?.pending.isEmpty ?? true { turns.remove(id) }
        drawing += 1
        active[id]?.tasks[number] = Task {
            await self.read(page: number, of: document, in: entry)
        }
    }

    /// A document is open, or never will be.
    func opened(_ id: JobIdentifier, _ document: RenderedDocument?, pending: PageSet) {
        drawing -= 1
        defer { proceed() }
        guard active[id] != nil else {
            document?.close()
            return
        }
        active[id]?.tasks[0] = nil
        active[id]?.document = document
        active[id]?.pending = pending
        // Before others are opened: a document that is open and not read helps nobody.
        if !pending.isEmpty { turns.add(id, inFront: true) }
    }

    func moved(_ stage: PageReader.Stage) {
        switch stage {
        case .drawn(let count):
            drawing -= 1
            pictures += count
        case .answered: pictures -= 1
        }
        proceed()
    }

    /// A page is over. Whoever sees the last one go finishes the job.
    func ended(page number: Int, of id: JobIdentifier, model: String?) async {
        active[id]?.tasks[number] = nil
        if let model { active[id]?.model = model }
        await finishIfDone(id)
    }
}

extension PageSet {
    /// Takes the lowest number out.
    fileprivate mutating func popFirst() -> Int? {
        guard let first = ranges.first?.lowerBound else { return nil }
        self = subtracting(PageSet([first...first]))
        return first
    }
}

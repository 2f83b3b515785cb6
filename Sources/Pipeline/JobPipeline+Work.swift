import Document
import EngineClient
import Jobs
import Logging
import Rendering
import TimeOfDay

/// What is done for one job.
extension JobPipeline {
    func open(_ job: Job) async {
        let id = job.id
        let document: RenderedDocument
        do {
            _ = try await store.begin(id, at: WallClock.now())
            changes.changed(id)
            let file = try store.openDocument(of: id)
            document = try await recogniser.renderers.open(file.descriptor, password: job.options.password?.text)
        } catch let error as RenderError where error.code != .cancelled && error.code != .closed {
            return await refuse(job, Refusal(error))
        } catch {
            return abandon(id, error)
        }
        do {
            let selected = try select(job, of: document.pages.count)
            _ = try await store.opened(id, pageCount: document.pages.count, selected: selected.count)
            let left = try await selected.subtracting(store.donePages(of: id))
            changes.changed(id)
            opened(id, document, pending: left)
            // All of them may have been done in an earlier life.
            await finishIfDone(id)
        } catch let refusal as Refusal {
            document.close()
            await refuse(job, refusal)
        } catch {
            document.close()
            abandon(id, error)
        }
    }

    /// It was cancelled, or we are stopping; or the disk refuses us, and it is there for the next start.
    private func abandon(_ id: JobIdentifier, _ error: any Error) {
        opened(id, nil, pending: PageSet())
        guard active[id] != nil, !Task.isCancelled else { return }
        logger.error("a job cannot be begun; the next start tries again", metadata: metadata(id, error))
        leave(id)
    }

    private func select(_ job: Job, of count: Int) throws(Refusal) -> PageSet {
        var selected = PageSet(all: count)
        if let text = job.options.pages {
            do throws(PageSelectionError) {
                selected = try PageSelection(text).pages(of: count)
            } catch {
                throw Refusal(error)
            }
        }
        let limit = recogniser.settings.maximumPages
        guard selected.count <= limit else { throw Refusal(tooManyPages: selected.count, limit: limit) }
        return selected
    }

    func read(page number: Int, of document: RenderedDocument, in entry: Active) async {
        let id = entry.job.id
        let suspicion = Suspicion(crashes: entry.crashes[number] ?? 0) { [store, logger] count in
            logger.warning(
                "the engine crashed while this page was at it; it is asked alone from now on",
                metadata: [
                    "job": .string(id.description), "page": .stringConvertible(number),
                    "crashes": .stringConvertible(count),
                ])
            // What cannot be written down is known as long as this process lives.
            try? await store.note(crashes: count, ofPage: number, of: id)
        }
        var model: String?
        let start = ContinuousClock.now
        do {
            let reading = try await recogniser.pages.read(
                page: number, of: document, entry.options, suspicion: suspicion
            ) { await self.moved($0) }
            model = reading.model
            if case .drawing(let error) = reading.failure, error.code == .closed || error.code == .cancelled {
                throw CancellationError()
            }
            if case .engine(let error) = reading.failure { report(error, id, number) }
            try await commit(reading.page, of: id)
            recogniser.metrics.finished(reading.page, reading.failure, seconds: start.duration(to: .now) / .seconds(1))
        } catch {
            // Cancelled: nothing is kept of the page, and it is read again if the job goes on.
            return await ended(page: number, of: id, model: nil)
        }
        changes.changed(id)
        await ended(page: number, of: id, model: model)
    }

    /// Keeps a page until it can be written: a disk that is full now may have room later, and the page was hard to come by.
    private func commit(_ page: Page, of id: JobIdentifier) async throws {
        var isReported = false
        while true {
            do {
                _ = try await store.commit(page, of: id)
                return
            } catch {
                guard active[id] != nil, error.isPassing else { throw error }
                if !isReported {
                    isReported = true
                    logger.error("a page that was read cannot be written; trying on", metadata: metadata(id, error))
                }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func report(_ error: EngineError, _ id: JobIdentifier, _ number: Int) {
        logger.warning(
            error.code == .crashed
                ? "a page crashed the engine twice and is quarantined" : "a page was not read",
            metadata: [
                "job": .string(id.description), "page": .stringConvertible(number), "error": .string("\(error)"),
            ])
    }

    // MARK: - The end

    private func refuse(_ job: Job, _ refusal: Refusal) async {
        opened(job.id, nil, pending: PageSet())
        guard active[job.id] != nil else { return }
        active[job.id]?.isFinishing = true
        recogniser.metrics.refused(DocumentRefusal(rawValue: refusal.failure.code) ?? .internal)
        await write(job.id, JobEnd(.failed, detail: refusal.detail, failure: refusal.failure))
        leave(job.id)
    }

    func finishIfDone(_ id: JobIdentifier) async {
        // While we stop, pages that nobody works on any more are not done.
        guard !isStopped, let entry = active[id], let document = entry.document, !entry.isFinishing,
            entry.pending.isEmpty, entry.tasks.isEmpty
        else { return }
        active[id]?.isFinishing = true
        document.close()
        let now = WallClock.now()
        do {
            let end = try await results.end(of: id, model: entry.model, at: now)
            await write(id, end, at: now)
        } catch {
            // It stays in the store and is finished at the next start.
            logger.error("the results of a job cannot be put together", metadata: metadata(id, error))
        }
        leave(id)
    }

    private func leave(_ id: JobIdentifier) {
        active[id] = nil
        changes.ended(id)
        proceed()
    }

    private func write(_ id: JobIdentifier, _ end: JobEnd, at now: Double = WallClock.now()) async {
        while !Task.isCancelled {
            do {
                let job = try await store.finish(id, end, at: now)
                recogniser.metrics.ended(end.status)
                await whenFinished(job)
                return
            } catch {
                logger.error("the end of a job cannot be written", metadata: metadata(id, error))
                guard error.isPassing else { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func metadata(_ id: JobIdentifier, _ error: any Error) -> Logger.Metadata {
        ["job": .string(id.description), "error": .string("\(error)")]
    }
}

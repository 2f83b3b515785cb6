package import Document
package import EngineClient
import RenderProtocol
package import Rendering

/// Reads the pages of documents: each is rendered, then recognised, many at once.
///
/// Over all documents together only so many pages are under way, so that memory does not grow with a document's length
/// or the number of documents: one encoded picture for each page under way.
package struct PageReader: Sendable {
    private let renderers: RendererPool
    private let engine: EngineClient
    private let settings: APISettings
    private let slots: Slots
    /// Pages under way at most: as many as the engine takes, and one a renderer, so that the next ones are ready.
    private let window: Int

    package init(renderers: RendererPool, engine: EngineClient, settings: APISettings) {
        self.renderers = renderers
        self.engine = engine
        self.settings = settings
        window = settings.engineConcurrency + settings.cores
        slots = Slots(count: window)
    }

    /// What was read, and who read it.
    package struct Reading: Sendable {
        /// In order of their numbers.
        package var pages: [Page]
        /// The engine's name of its model; nil when it answered nothing.
        package var model: String?
        /// What kept pages from being read, by their numbers.
        package var failures: [Int: Failure]
    }

    /// Whose fault it is that a page was not read.
    package enum Failure: Sendable, Equatable {
        case drawing(RenderError)
        case engine(EngineError)
    }

    private struct Outcome: Sendable {
        var page: Page
        var model: String?
        var failure: Failure?
    }

    /// Reads all pages. A page that cannot be read has the outcome `failed` and does not stop the others.
    ///
    /// - Parameter deadline: the end of everything; nil gives each page the time that the settings say.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func read(
        _ document: RenderedDocument, deadline: ContinuousClock.Instant? = nil
    ) async throws -> Reading {
        let count = document.pages.count
        return try await withThrowingTaskGroup(of: Outcome.self) { group in
            var reading = Reading(pages: [], model: nil, failures: [:])
            reading.pages.reserveCapacity(count)
            var next = 0
            while reading.pages.count < count {
                while next < min(count, reading.pages.count + window) {
                    let index = next
                    group.addTask { try await slots.holding { try await read(index, of: document, deadline) } }
                    next += 1
                }
                guard let outcome = try await group.next() else { break }
                reading.pages.append(outcome.page)
                reading.model = reading.model ?? outcome.model
                reading.failures[outcome.page.number] = outcome.failure
            }
            reading.pages.sort { $0.number < $1.number }
            return reading
        }
    }

    private func read(
        _ index: Int, of document: RenderedDocument, _ deadline: ContinuousClock.Instant?
    ) async throws -> Outcome {
        var page = Page(number: index + 1, outcome: .failed)
        let start = ContinuousClock.now
        let picture: EncodedPage
        do {
            picture = try await renderers.render(document, page: index, budget: budget)
        } catch {
            try Task.checkCancellation()
            page.reason = "the page could not be drawn: \(error.message)"
            page.timings.renderMilliseconds = start.duration(to: .now).milliseconds
            return Outcome(page: page, failure: .drawing(error))
        }
        page.timings.renderMilliseconds = Int(picture.renderMilliseconds.rounded())
        page.width = picture.width
        page.height = picture.height
        page.dpi = picture.dpi
        let sent = ContinuousClock.now
        do {
            let request = EngineRequest(
                image: picture.bytes, mediaType: picture.mediaType == .png ? .png : .jpeg, prompt: settings.prompt,
                maxTokens: settings.pageTokens)
            let answer = try await engine.recognise(request, deadline: deadline ?? sent + settings.pageDeadline)
            page.text = answer.text
            page.attempts = answer.attempts
            page.timings.engineMilliseconds = answer.milliseconds
            page.outcome = .ok
            if answer.finishReason == "length" {
                page.outcome = .degraded
                page.reason = "the engine's answer was cut off after \(answer.completionTokens) tokens"
            }
            return Outcome(page: page, model: answer.model.isEmpty ? nil : answer.model)
        } catch {
            try Task.checkCancellation()
            page.timings.engineMilliseconds = sent.duration(to: .now).milliseconds
            page.reason = error.pageReason
            return Outcome(page: page, failure: .engine(error))
        }
    }

    private var budget: PixelBudget {
        PixelBudget(
            maxPixels: settings.pagePixels, dpi: settings.pageDPI, color: settings.pageIsGrey ? .grey : .rgb)
    }
}

extension EngineError {
    /// For the user to read: without addresses, which the message has.
    fileprivate var pageReason: String {
        switch code {
        case .unreachable: "the engine was away for longer than a page may wait"
        case .timedOut: "the engine gave no answer in time"
        case .overloaded: "the engine was overloaded for longer than a page may wait"
        case .rejected: "the engine refused the page" + (status.map { " (HTTP \($0))" } ?? "")
        case .failed: "the engine failed at the page again and again" + (status.map { " (HTTP \($0))" } ?? "")
        case .malformedAnswer, .tooLargeAnswer: "the engine's answer could not be understood"
        case .cancelled: "the page was given up"
        case .invalidConfiguration: "the engine is not set up correctly; see the log"
        }
    }
}

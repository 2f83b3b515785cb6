package import Document
package import EngineClient
import RenderProtocol
package import Rendering

/// Reads pages: each is rendered to one or more pictures, which the engine reads side by side.
package struct PageReader: Sendable {
    let renderers: RendererPool
    let pictures: PictureReader

    /// What became of a page.
    package struct Reading: Sendable {
        package var page: Page
        /// The engine's name of its model; nil when it answered nothing.
        package var model: String?
        package var failure: Failure?
    }

    /// What kept a page from being read.
    package enum Failure: Sendable, Equatable {
        case drawing(RenderError)
        case engine(EngineError)
    }

    /// How far a page is, for whoever decides when the next one may begin.
    enum Stage: Sendable {
        /// Its renderer is free again, and so many pictures go to the engine.
        case drawn(pictures: Int)
        /// The engine is through with one of them.
        case answered
    }

    /// Reads one page. One that cannot be read has the outcome `failed`.
    ///
    /// - Parameters:
    ///   - number: from 1.
    ///   - deadline: the end of everything; nil lets the page wait for an engine that is away.
    ///   - report: told how far it is.
    /// - Throws: `CancellationError` when the task is cancelled.
    func read(
        page number: Int, of document: RenderedDocument, _ options: ReadingOptions, suspicion: Suspicion = Suspicion(),
        deadline: ContinuousClock.Instant? = nil, report: @Sendable (Stage) async -> Void = { _ in }
    ) async throws -> Reading {
        var page = Page(number: number, outcome: .failed)
        let start = ContinuousClock.now
        let drawn: EncodedPage
        do {
            drawn = try await renderers.render(document, page: number - 1, budget: options.budget)
        } catch {
            await report(.drawn(pictures: 0))
            try Task.checkCancellation()
            page.reason = "the page could not be drawn: \(error.message)"
            page.timings.renderMilliseconds = start.duration(to: .now).milliseconds
            return Reading(page: page, failure: .drawing(error))
        }
        await report(.drawn(pictures: drawn.pictures.count))
        page.timings.renderMilliseconds = Int(drawn.renderMilliseconds.rounded())
        page.width = drawn.width
        page.height = drawn.height
        page.dpi = drawn.dpi
        let sent = ContinuousClock.now
        let answers = await read(drawn.pictures, options, suspicion, deadline, report)
        try Task.checkCancellation()
        page.timings.engineMilliseconds = sent.duration(to: .now).milliseconds
        return assemble(page, drawn, answers, options)
    }

    private typealias Answers = [Result<PictureReader.Answer, EngineError>]

    private func read(
        _ encoded: [RenderedPicture], _ options: ReadingOptions, _ suspicion: Suspicion,
        _ deadline: ContinuousClock.Instant?, _ report: @Sendable (Stage) async -> Void
    ) async -> Answers {
        await withTaskGroup(of: Numbered.self) { group in
            for (index, picture) in encoded.enumerated() {
                group.addTask {
                    Numbered(
                        index: index,
                        answer: await pictures.answer(to: picture, options, suspicion: suspicion, deadline: deadline))
                }
            }
            var answers = Answers(
                repeating: .failure(EngineError(.cancelled, "the page was given up")), count: encoded.count)
            while let next = await group.next() {
                answers[next.index] = next.answer
                await report(.answered)
                // The page is known to kill the engine: the rest of it is not sent any more.
                if case .failure(let error) = next.answer, error.code == .crashed { group.cancelAll() }
            }
            return answers
        }
    }

    private struct Numbered: Sendable {
        var index: Int
        var answer: Result<PictureReader.Answer, EngineError>
    }

    private static let lacksPart = "a picture on the page ends before its last row: the file was cut off or is damaged"

    private func assemble(_ page: Page, _ drawn: EncodedPage, _ answers: Answers, _ options: ReadingOptions) -> Reading
    {
        var page = page
        let blocks = zip(drawn.pictures, answers).map { picture, answer in
            Block(
                box: Block.Box(
                    x: picture.box.x, y: picture.box.y, width: picture.box.width, height: picture.box.height), answer)
        }
        let read = answers.compactMap { try? $0.get() }
        let errors = answers.compactMap { answer -> EngineError? in
            if case .failure(let error) = answer { error } else { nil }
        }
        page.attempts = read.map(\.attempts).reduce(0, +)
        page.text = blocks.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n\n")
        if options.budget.regions != .whole { page.blocks = blocks }
        let model = read.lazy.map(\.model).first { !$0.isEmpty }
        let culprit = errors.first { $0.code == .crashed } ?? errors.first
        guard let culprit else {
            page.reason = read.lazy.compactMap(\.doubt?.text).first ?? (drawn.lacksPart ? Self.lacksPart : nil)
            page.outcome = page.reason == nil ? .ok : .degraded
            return Reading(page: page, model: model)
        }
        guard !read.isEmpty, culprit.code != .crashed else {
            page.text = ""
            page.reason = culprit.pageReason
            return Reading(page: page, model: model, failure: .engine(culprit))
        }
        page.outcome = .degraded
        page.reason = "\(errors.count) of its \(answers.count) blocks could not be read: \(culprit.pageReason)"
        return Reading(page: page, model: model, failure: .engine(culprit))
    }
}

extension Block {
    fileprivate init(box: Box, _ answer: Result<PictureReader.Answer, EngineError>) {
        switch answer {
        case .success(let answer):
            self.init(
                box: box, text: answer.text, outcome: answer.doubt == nil ? .ok : .degraded, reason: answer.doubt?.text)
        case .failure(let error):
            self.init(box: box, text: "", outcome: .failed, reason: error.pageReason)
        }
    }
}

extension EngineError {
    /// For the user to read: without addresses, which the message has.
    fileprivate var pageReason: String {
        switch code {
        case .crashed: "the engine crashed twice while it read this page, which is not sent to it any more"
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

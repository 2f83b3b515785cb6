import Document
import EngineClient
package import Jobs
package import Prometheus
import Rendering

/// What is counted of documents and pages, from the start of this process on. `docs/reference/metrics.md` lists it.
package final class PipelineMetrics: Sendable {
    private let refusals = Counters<DocumentRefusal>(
        "coxswain_documents_refused_total", "Documents that were not taken, or could not be opened, by the reason.",
        keys: DocumentRefusal.allCases
    ) { [.init("reason", $0.rawValue)] }

    private let pages = Counters<PageEnd>(
        "coxswain_pages_total", "Pages that are over, by what became of them and why.", keys: PageEnd.all
    ) { [.init("outcome", $0.outcome.rawValue), .init("reason", $0.reason)] }
    private let pageTimes = Histograms(
        "coxswain_page_duration_seconds",
        "Time from a page's turn until it is on disk, waiting for the engine included.")
    private let renderTimes = Histograms(
        "coxswain_page_render_duration_seconds", "Time that the renderer took for a page.")
    private let engineTimes = Histograms(
        "coxswain_page_engine_duration_seconds", "Time from a page's drawing until the engine was through with it.")

    private let jobs = Counters<JobStatus>(
        "coxswain_jobs_finished_total", "Documents that are over, by what became of them.",
        keys: JobStatus.allCases.filter(\.isFinished)
    ) { [.init("outcome", $0.rawValue)] }

    private let pictures = Counters<PictureEnd>(
        "coxswain_pictures_total", "Pages and blocks of pages that the engine was asked to read, by what came of it.",
        keys: PictureEnd.allCases
    ) { [.init("outcome", $0.word)] }
    private let requestTimes = Histograms(
        "coxswain_engine_request_duration_seconds", "Time that the engine took to answer a request, where it did.")
    private let retries = Counters<EngineError.Code>(
        "coxswain_engine_retries_total", "Requests that were sent to the engine again, by why.",
        keys: EngineError.Code.allCases.filter { EngineError($0, "").isRetryable }
    ) { [.init("reason", snakeCase($0.rawValue))] }
    private let promptTokens = Counters(
        "coxswain_engine_prompt_tokens_total", "Tokens that the engine was given, pictures included, as it says.")
    private let completionTokens = Counters(
        "coxswain_engine_completion_tokens_total", "Tokens that the engine answered, as it says.")

    package init() {}

    package var families: [MetricFamily] {
        let instruments: [any Instrument] = [
            refusals, jobs, pages, pageTimes, renderTimes, engineTimes, pictures, requestTimes, retries, promptTokens,
            completionTokens,
        ]
        return instruments.map(\.family)
    }

    package func refused(_ reason: DocumentRefusal) { refusals.add(reason) }

    /// - Parameter status: one of those that are finished.
    package func ended(_ status: JobStatus) { jobs.add(status) }

    func retried(_ reason: EngineError.Code) { retries.add(reason) }

    func read(_ end: PictureEnd) { pictures.add(end) }

    /// A page that is on disk.
    ///
    /// - Parameter seconds: since it was its turn.
    func finished(_ page: Page, _ failure: PageReader.Failure?, seconds: Double) {
        pages.add(PageEnd(page.outcome, failure))
        pageTimes.observe(seconds)
        renderTimes.observe(Double(page.timings.renderMilliseconds) / 1000)
        // One that was not drawn was never there.
        if case .drawing = failure { return }
        engineTimes.observe(Double(page.timings.engineMilliseconds) / 1000)
    }

    func answered(_ answer: EngineAnswer) {
        requestTimes.observe(Double(answer.milliseconds) / 1000)
        promptTokens.add(Double(answer.promptTokens))
        completionTokens.add(Double(answer.completionTokens))
    }
}

/// Why a document was not taken, or not read.
package enum DocumentRefusal: String, Sendable, CaseIterable {
    case notReady = "not_ready"
    case stopping
    case tooManyJobs = "too_many_jobs"
    /// The key has had its pages.
    case quota
    case noRoom = "no_room"
    case cannotStore = "cannot_store"
    /// No form, or a broken one.
    case form
    case noFile = "no_file"
    case empty
    case unsupported
    case tooLarge = "too_large"
    case options
    /// Its URL is not asked here.
    case source
    /// Its URL was asked in vain.
    case sourceFailed = "source_failed"
    /// Its result may not go where it was to go, or its webhook not be told.
    case target
    /// The idempotency key is another document's.
    case keyReused = "key_reused"
    /// The client left, or its body ended early.
    case cutOff = "cut_off"
    // What opening it found: the codes of `JobFailure`.
    case password, damaged, unreadable, unavailable, pages
    case tooManyPages = "too_many_pages"
    case `internal`
}

/// What became of a page.
struct PageEnd: Hashable, Sendable {
    var outcome: Page.Outcome
    private var cause: Cause

    private enum Cause: Hashable, Sendable {
        case nothing
        /// The engine answered, and its answer may be incomplete.
        case answer
        case rendering(RenderError.Code)
        case engine(EngineError.Code)
    }

    init(_ outcome: Page.Outcome, _ failure: PageReader.Failure?) {
        self.outcome = outcome
        switch failure {
        case nil: cause = outcome == .ok ? .nothing : .answer
        case .drawing(let error): cause = .rendering(error.code)
        case .engine(let error): cause = .engine(error.code)
        }
    }

    private init(_ outcome: Page.Outcome, _ cause: Cause) {
        self.outcome = outcome
        self.cause = cause
    }

    var reason: String {
        switch cause {
        case .nothing: "none"
        case .answer: "doubtful_answer"
        case .rendering(let code): "render_\(snakeCase(code.rawValue))"
        case .engine(let code): "engine_\(snakeCase(code.rawValue))"
        }
    }

    /// All that there are usually; one that was given up is never over.
    static var all: [PageEnd] {
        let engine = EngineError.Code.allCases.filter { $0 != .cancelled }.map { Cause.engine($0) }
        let rendering = RenderError.Code.allCases.filter { $0 != .cancelled && $0 != .closed }.map {
            Cause.rendering($0)
        }
        return [PageEnd(.ok, .nothing), PageEnd(.degraded, .answer)] + engine.map { PageEnd(.degraded, $0) }
            + (engine + rendering).map { PageEnd(.failed, $0) }
    }
}

/// What came of a picture.
enum PictureEnd: Hashable, Sendable {
    case ok
    /// What was answered may be incomplete.
    case repetition, cutOff
    case failed(EngineError.Code)

    static var allCases: [PictureEnd] { [.ok, .repetition, .cutOff] + EngineError.Code.allCases.map { .failed($0) } }

    var word: String {
        switch self {
        case .ok: "ok"
        case .repetition: "repetition"
        case .cutOff: "cut_off"
        case .failed(let code): snakeCase(code.rawValue)
        }
    }
}

/// `timedOut` → `timed_out`.
private func snakeCase(_ word: String) -> String {
    word.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
}

import API
import EngineClient
import Logging
import Notify
import Pipeline
import Rendering

/// Reads known pages through the real renderer and engine until the time of a pass settles, and compares the answers.
///
/// The pages of a pass go side by side, as many as the engine is given at once later on: what an engine compiles or
/// captures at its first use depends on the sizes of pictures and of batches.
struct Warmup {
    let setup: Setup
    let settings: WarmupSettings

    /// One pass may be lucky; more than four say nothing new.
    private static let passes = 2...4
    /// A pass that is faster than the one before by less than this share has settled; so has one that is slower.
    private static let settled = 0.2
    /// Differences of less say nothing, whatever share they are.
    private static let noise = Duration.milliseconds(50)
    /// Most requests of a pass, however many the engine takes at once, unless the document has more pages.
    private static let maximumRequests = 32
    /// Tokens for an answer that nobody compares: an engine that answers noise never ends of itself.
    private static let uncomparedTokens = 64

    /// - Throws: ``WarmupFailure``
    func run() async throws {
        let start = ContinuousClock.now
        let end = start + .seconds(settings.deadline)
        let document = try WarmupDocument(settings.page, folder: setup.settings.stateDirectory)
        let recogniser = try makeRecogniser(for: document)
        defer { recogniser.shutdown() }
        let reporter = ActivityReporter(activity: recogniser.engine.activity) { Notify.send($0) }
        let reporting = Notify.isWanted ? Task { await reporter.run() } : nil
        defer { reporting?.cancel() }
        let opened: RenderedDocument
        do {
            opened = try await recogniser.open(document.descriptor)
        } catch {
            throw WarmupFailure(error, "the warm-up's document cannot be opened")
        }
        var last: Duration?
        var pass = 0
        while true {
            pass += 1
            let began = ContinuousClock.now
            let readings = try await read(opened, with: recogniser, until: end)
            let time = began.duration(to: .now)
            let rates = try readings.map { try document.check($0, maximumError: settings.maximumError) }
            report(pass, time, rates)
            if pass == Self.passes.upperBound { break }
            // What follows the second pass is for speed alone, and not worth the deadline.
            if let last, hasSettled(last, time) || .now + time > end { break }
            last = time
        }
        Notify.send("STATUS=warm-up passed after \(pass) passes")
        setup.logger.info(
            "warm-up passed",
            metadata: [
                "passes": .stringConvertible(pass),
                "milliseconds": .stringConvertible(start.duration(to: .now).milliseconds),
            ])
    }

    private func hasSettled(_ last: Duration, _ time: Duration) -> Bool {
        last - time <= max(last * Self.settled, Self.noise)
    }

    /// An answer may be as long as the text needs, and little more.
    private func makeRecogniser(for document: WarmupDocument) throws -> Recogniser {
        var limited = setup.settings
        let length = settings.maximumError == nil ? nil : document.length
        limited.pipeline.pageTokens = min(
            limited.pipeline.pageTokens, length.map { max(2 * $0, 256) } ?? Self.uncomparedTokens)
        do {
            return try Recogniser(settings: limited.pipeline, renderers: setup.makeRenderers(), logger: setup.logger)
        } catch {
            throw WarmupFailure(error)
        }
    }

    /// Reads the document as often at once as gives the engine all that it takes.
    private func read(
        _ document: RenderedDocument, with recogniser: Recogniser, until end: ContinuousClock.Instant
    ) async throws -> [Recogniser.Reading] {
        let pages = max(document.pages.count, 1)
        let wanted = min(setup.settings.pipeline.engineConcurrency, Self.maximumRequests)
        return try await withThrowingTaskGroup(of: Recogniser.Reading.self) { group in
            for _ in 0..<max(1, (wanted + pages - 1) / pages) {
                group.addTask { try await recogniser.read(document, deadline: end) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func report(_ pass: Int, _ time: Duration, _ rates: [Double?]) {
        let judgement =
            rates.compactMap { $0 }.max().map { "\(WarmupDocument.percent($0)) of the characters differ" }
            ?? "the text was not compared"
        Notify.send("STATUS=warm-up pass \(pass): \(time.milliseconds) ms, \(judgement)")
        setup.logger.info(
            "warm-up pass",
            metadata: [
                "pass": .stringConvertible(pass), "milliseconds": .stringConvertible(time.milliseconds),
                "judgement": .string(judgement),
            ])
    }
}

package import EngineClient
package import Logging
package import Rendering

/// Renderers, engine client and page reader of one process.
package struct Recogniser: Sendable {
    package let engine: EngineClient
    let renderers: RendererPool
    let pages: PageReader

    /// - Throws: settings that cannot work.
    package init(settings: APISettings, renderers: RendererPool, logger: Logger) throws(EngineError) {
        self.renderers = renderers
        let configuration = EngineConfiguration(
            baseURL: settings.engineURL, model: settings.engineModel, maximumConcurrency: settings.engineConcurrency)
        engine = try EngineClient(configuration: configuration) { retry in
            // One warning a page; an engine that restarts would otherwise fill the log.
            logger.log(
                level: retry.attempts == 1 ? .warning : .debug,
                "the engine did not answer; the page is sent again",
                metadata: [
                    "error": .string(retry.error.message), "attempts": .stringConvertible(retry.attempts),
                    "pause_ms": .stringConvertible(retry.pause.milliseconds),
                ])
        }
        pages = PageReader(renderers: renderers, engine: engine, settings: settings)
    }

    /// Opens a local document, for warm-up and the command line.
    package func open(_ descriptor: Int32) async throws(RenderError) -> RenderedDocument {
        try await renderers.open(descriptor)
    }

    /// - Parameter deadline: the end of everything; nil gives each page the time that the settings say.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func read(
        _ document: RenderedDocument, deadline: ContinuousClock.Instant? = nil
    ) async throws -> PageReader.Reading {
        try await pages.read(document, deadline: deadline)
    }

    /// Ends all renderers. Blocks for some milliseconds.
    package func shutdown() { renderers.shutdown() }
}

/// Why a local document could not be read.
package struct LocalFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

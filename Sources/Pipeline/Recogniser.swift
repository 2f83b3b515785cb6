package import EngineClient
package import Logging
import RenderProtocol
package import Rendering

/// Renderers and engine of one process.
package struct Recogniser: Sendable {
    package let engine: EngineClient
    package let renderers: RendererPool
    package let settings: PipelineSettings
    package let pages: PageReader
    package let metrics = PipelineMetrics()

    /// - Throws: settings that cannot work.
    package init(settings: PipelineSettings, renderers: RendererPool, logger: Logger) throws(EngineError) {
        self.renderers = renderers
        self.settings = settings
        let configuration = EngineConfiguration(
            baseURL: settings.engineURL, model: settings.engineModel, maximumConcurrency: settings.engineConcurrency)
        engine = try EngineClient(configuration: configuration) { [metrics] retry in
            metrics.retried(retry.error.code)
            // One warning a picture; an engine that restarts would otherwise fill the log.
            logger.log(
                level: retry.attempts == 1 ? .warning : .debug,
                "the engine did not answer; the page is sent again",
                metadata: [
                    "error": .string(retry.error.message), "attempts": .stringConvertible(retry.attempts),
                    "pause_ms": .stringConvertible(retry.pause.milliseconds),
                ])
        }
        pages = PageReader(renderers: renderers, pictures: PictureReader(engine: engine, metrics: metrics))
    }

    /// Ends all renderers. Blocks for some milliseconds.
    package func shutdown() { renderers.shutdown() }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

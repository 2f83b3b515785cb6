import API
import ArgumentParser
import FoundationEssentials
import Logging
import Pipeline
import ProcessHost
import Rendering
import ServiceLog

/// What every command begins with.
struct Setup {
    let settings: APISettings
    let environment: [String: String]
    let logger: Logger

    /// Reads the environment and starts the log.
    ///
    /// - Throws: `ExitCode` 78 (EX_CONFIG), having said why.
    init(quiet: Bool = false) throws {
        environment = ProcessInfo.processInfo.environment
        let level = environment["COXSWAIN_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .info
        let handler = JSONLogHandler(level: quiet ? max(level, .warning) : level)
        logger = Logger(label: "coxswain-ocr") { _ in handler }
        do {
            settings = try APISettings(environment: environment, availableCores: CoreCount.available())
        } catch {
            logger.critical("a setting cannot be used", metadata: ["error": .string("\(error)")])
            throw ExitCode(78)
        }
    }

    /// - Parameter reportsLosses: whether the log says what the kernel refuses of their sandbox: one program of a container
    ///   is enough.
    func makeRenderers(reportsLosses: Bool = false) -> RendererPool {
        var configuration = RendererPool.Configuration(workers: settings.pipeline.cores)
        if reportsLosses {
            configuration.reportLoss = { [logger] in
                logger.warning("renderers are protected less than they could be", metadata: ["loss": .string($0)])
            }
        }
        return RendererPool(configuration: configuration)
    }
}

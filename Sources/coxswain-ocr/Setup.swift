import API
import ArgumentParser
import FoundationEssentials
import Logging
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
        let level = environment["COXSWAIN_LOG_LEVEL"].flatMap(Logger.Level.init(rawValue:)) ?? .info
        let handler = JSONLogHandler(level: quiet ? max(level, .warning) : level)
        logger = Logger(label: "coxswain-ocr") { _ in handler }
        do {
            settings = try APISettings(environment: environment, availableCores: CoreCount.available())
        } catch {
            logger.critical("a setting cannot be used", metadata: ["error": .string("\(error)")])
            throw ExitCode(78)
        }
    }

    func makeRenderers() -> RendererPool { RendererPool(configuration: .init(workers: settings.cores)) }
}

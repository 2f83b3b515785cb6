import API
import Logging

/// Reads local documents the way the api does.
struct LocalReader {
    private let recogniser: Recogniser

    /// - Throws: ``LocalFailure``
    init(_ setup: Setup, settings: APISettings? = nil) throws {
        do {
            recogniser = try Recogniser(
                settings: settings ?? setup.settings, renderers: setup.makeRenderers(), logger: setup.logger)
        } catch {
            throw LocalFailure(description: "\(error)")
        }
    }

    func read(descriptor: Int32) async throws -> PageReader.Reading {
        try await recogniser.read(descriptor: descriptor)
    }

    func shutdown() { recogniser.shutdown() }
}

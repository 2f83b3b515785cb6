package import Document
import EngineClient
package import Rendering

/// Reading one local document from beginning to end, as warm-up and the command line do: nothing of it is kept.
extension Recogniser {
    /// What was read, and who read it.
    package struct Reading: Sendable {
        /// In order of their numbers.
        package var pages: [Page]
        /// The engine's name of its model; nil when it answered nothing.
        package var model: String?
        /// What kept pages from being read, by their numbers.
        package var failures: [Int: PageReader.Failure]
    }

    package func open(_ descriptor: Int32) async throws(RenderError) -> RenderedDocument {
        try await renderers.open(descriptor)
    }

    /// Reads all pages, many at once. A page that cannot be read has the outcome `failed` and does not stop the others.
    ///
    /// - Parameter deadline: the end of everything; nil gives each page the time that the settings say, and waits for an
    ///   engine that is away.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func read(
        _ document: RenderedDocument, deadline: ContinuousClock.Instant? = nil
    ) async throws -> Reading {
        let options = ReadingOptions(settings)
        let count = document.pages.count
        // One encoded page for each that is under way, however long the document is.
        let window = engine.places + settings.cores
        return try await withThrowingTaskGroup(of: PageReader.Reading.self) { group in
            var reading = Reading(pages: [], model: nil, failures: [:])
            var next = 1
            while reading.pages.count < count {
                while next <= min(count, reading.pages.count + window) {
                    let number = next
                    group.addTask { try await pages.read(page: number, of: document, options, deadline: deadline) }
                    next += 1
                }
                guard let page = try await group.next() else { break }
                reading.pages.append(page.page)
                reading.model = reading.model ?? page.model
                reading.failures[page.page.number] = page.failure
            }
            reading.pages.sort { $0.number < $1.number }
            return reading
        }
    }
}

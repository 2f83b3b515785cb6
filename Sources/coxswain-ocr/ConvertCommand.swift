import API
import ArgumentParser
import Document
import Glibc
import Health
import Pipeline
import Rendering

/// Why a local document could not be read.
private struct LocalFailure: Error, CustomStringConvertible {
    let description: String
}

struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Read one local file and print its Markdown.")

    @Argument(help: "A PDF document or a picture.")
    var file: String

    @Flag(help: "Print JSON with an entry for each page instead.")
    var json = false

    func run() async throws {
        let setup = try Setup(quiet: true)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw LocalFailure(description: "\(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let recogniser = try Recogniser(
            settings: setup.settings.pipeline, renderers: setup.makeRenderers(), logger: setup.logger)
        defer { recogniser.shutdown() }
        let document: RenderedDocument
        do {
            document = try await recogniser.open(descriptor)
        } catch {
            throw LocalFailure(description: "\(file) cannot be opened: \(error.message)")
        }
        let reading = try await recogniser.read(document)
        print(
            json
                ? JSONText.encode(DocumentResult(model: reading.model, pages: reading.pages))
                : Markdown.assemble(reading.pages), terminator: json ? "\n" : "")
        let failed = reading.pages.filter { $0.outcome == .failed }
        if !failed.isEmpty {
            throw LocalFailure(
                description: "\(failed.count) of \(reading.pages.count) pages could not be read; the first, "
                    + "page \(failed[0].number): \(failed[0].reason ?? "no reason was given")")
        }
    }
}

import DocumentSources
import Egress
import Intake
import ObjectStore

/// For `DocumentSourcesTests/InternetTests` alone: fetches documents as the API does, in whatever network it is started in.
///
/// Arguments: a folder, then URLs. One line for each: `ok BYTES`, or the kind of error and what a client is told.

let fetcher = DocumentFetcher(
    policy: try EgressPolicy(), store: try ObjectStoreSettings(environment: [:]),
    spool: try Spool(stateDirectory: CommandLine.arguments[1]), maximumBytes: 1 << 20, timeout: .seconds(5))
for url in CommandLine.arguments.dropFirst(2) {
    do {
        print("ok", try await fetcher.fetch(DocumentSource(url)).bytes)
    } catch let error as DocumentSourceError {
        print(error.kind, error)
    } catch {
        print("upload", error)
    }
}

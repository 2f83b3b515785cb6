import DocumentSources
import Egress
import Foundation
import Intake
import ObjectStore
import StoreSettings
import TestSupport

/// What the tests of sources share.
struct Fetching {
    static let document = Array("%PDF-1.7\n".utf8) + [UInt8](repeating: 0x61, count: 200_000)

    let folder: TestFolder

    init() throws { folder = try TestFolder() }

    /// - Parameter networks: what may be connected to beside the internet; nil: no URL at all.
    func fetcher(
        _ networks: String? = "127.0.0.1", store: [String: String] = [:], maximumBytes: Int = 1 << 20,
        timeout: Duration = .seconds(20), concurrency: Int = 8
    ) throws -> DocumentFetcher {
        DocumentFetcher(
            policy: try networks.map { try EgressPolicy(networks: $0) },
            store: try ObjectStoreSettings(environment: store), spool: try Spool(stateDirectory: folder.path),
            maximumBytes: maximumBytes, timeout: timeout, concurrency: concurrency)
    }

    /// - Returns: the error of fetching a URL; nil where there was none.
    func error(_ fetcher: DocumentFetcher, _ url: String) async -> DocumentSourceError? {
        do {
            _ = try await fetcher.fetch(DocumentSource(url))
            return nil
        } catch {
            return error as? DocumentSourceError
        }
    }
}

extension Upload {
    var content: [UInt8] {
        var content = [UInt8](repeating: 0, count: bytes)
        return pread(file.descriptor, &content, bytes, 0) == bytes ? content : []
    }
}

import DocumentSources
import Foundation
import Intake
import ObjectStore
import StoreSettings
import TestSupport
import Testing

/// Documents from a real S3 server, which checks signatures.
@Suite(
    .timeLimit(.minutes(2)),
    .enabled(if: S3Server.isMissing == nil, "a real S3 server cannot be started here: \(S3Server.isMissing ?? "")"))
struct RealStoreTests {
    private let fetching: Fetching
    private let environment: [String: String]

    init() throws {
        fetching = try Fetching()
        environment = try S3Server.shared.get().environment.merging(["COXSWAIN_S3_ALLOW": "s3://bucket/in,s3://none"]) {
            $1
        }
    }

    private func put(_ bytes: [UInt8], _ url: String) throws {
        let path = "\(fetching.folder.path)/put"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        try ObjectStore(ObjectStoreSettings(environment: environment)).put(
            descriptor, bytes: bytes.count, to: try #require(ObjectPlace(url)), contentType: "application/pdf",
            isCancelled: { false })
    }

    @Test(arguments: ["a b", "отчёт №1.pdf", "a+b", "100%", "a%20b", "a&b=c?d#e", "~'()*!$@;:,[]"])
    func anyNameArrives(_ name: String) async throws {
        let document = Fetching.document + Array(name.utf8)
        let url = "s3://bucket/in/\(name)"
        try put(document, url)
        let upload = try await fetching.fetcher(nil, store: environment).fetch(DocumentSource(url))
        #expect(upload.content == document && upload.fileName == name)
    }

    @Test func emptyAndLargeOnesToo() async throws {
        let fetcher = try fetching.fetcher(nil, store: environment, maximumBytes: 5_000_000)
        try put([], "s3://bucket/in/empty")
        await #expect(throws: UploadError.empty) { try await fetcher.fetch(DocumentSource("s3://bucket/in/empty")) }
        let large = Fetching.document + [UInt8](repeating: 1, count: 5_000_000 - Fetching.document.count)
        try put(large, "s3://bucket/in/large")
        #expect(try await fetcher.fetch(DocumentSource("s3://bucket/in/large")).content == large)
        try put(large + [1], "s3://bucket/in/larger")
        #expect(await fetching.error(fetcher, "s3://bucket/in/larger")?.kind == .tooLarge)
    }

    @Test func whatIsNotThereOrNotOurs() async throws {
        try put(Fetching.document, "s3://bucket/in/x")
        let fetcher = try fetching.fetcher(nil, store: environment)
        #expect(await fetching.error(fetcher, "s3://bucket/in/missing")?.kind == .notFound)
        #expect(await fetching.error(fetcher, "s3://none/x")?.kind == .notFound)
        #expect(await fetching.error(fetcher, "s3://bucket/x")?.kind == .notAllowed)
        let wrong = environment.merging(["AWS_SECRET_ACCESS_KEY": "wrong"]) { $1 }
        #expect(
            await fetching.error(try fetching.fetcher(nil, store: wrong), "s3://bucket/in/x")?.kind == .unauthorized)
    }
}

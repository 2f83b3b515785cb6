import DocumentSources
import Foundation
import Intake
import TestSupport
import Testing

/// Documents from a bucket.
@Suite(.timeLimit(.minutes(2)))
struct ObjectSourceTests {
    private let fetching: Fetching

    init() throws { fetching = try Fetching() }

    private func store(_ host: HostileHost, allow: String? = "s3://docs/in/") -> [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": host.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token", "AWS_REGION": "us-east-1", "COXSWAIN_S3_ALLOW": allow ?? "",
        ]
    }

    @Test func anObjectArrives() async throws {
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        // Whether URLs are on has nothing to do with it, and the store may be inside.
        let fetcher = try fetching.fetcher(nil, store: store(host))
        let upload = try await fetcher.fetch(DocumentSource("s3://docs/in/год 1+%20.pdf"))
        #expect(upload.content == Fetching.document && upload.fileName == "год 1+%20.pdf")
        let request = try #require(host.requests.first)
        #expect(request.path == "/docs/in/%D0%B3%D0%BE%D0%B4%201%2B%2520.pdf")
        #expect(request.headers["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=key/") == true)
        #expect(request.headers["x-amz-security-token"] == "token")
    }

    @Test func onlyPlacesOfTheListAreAsked() async throws {
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        let fetcher = try fetching.fetcher(store: store(host))
        for url in ["s3://docs/out/x", "s3://docs/inner/x", "s3://docs/in", "s3://other/in/x", "s3://docs/in%2Fx"] {
            #expect(await fetching.error(fetcher, url)?.kind == .notAllowed, "\(url)")
        }
        for url in ["s3://docs/in/../x", "s3://docs/in/./x", "s3://docs@evil/in/x"] {
            #expect(await fetching.error(fetcher, url)?.kind == .invalid, "\(url)")
        }
        let closed = try fetching.fetcher(store: store(host, allow: nil))
        #expect(await fetching.error(closed, "s3://docs/in/x")?.kind == .notAllowed)
        #expect(host.requests.isEmpty)
    }

    @Test func whatGoesWrongIsSaidWithoutItsWords() async throws {
        let elsewhere = try HostileHost { .file(Fetching.document, to: $0) }
        let host = try HostileHost { request in
            switch request.path {
            case "/docs/in/gone": .init(404, [], Array("<Error>secret</Error>".utf8))
            case "/docs/in/forbidden": .init(403, [], Array("<Error>secret</Error>".utf8))
            case "/docs/in/moved": .init(307, ["Location: \(elsewhere.url)/x"])
            case "/docs/in/empty": .init(200, ["ETag: \"e\""])
            default: .init(500)
            }
        }
        defer {
            host.stop()
            elsewhere.stop()
        }
        let fetcher = try fetching.fetcher(store: store(host))
        let expected: [(String, DocumentSourceError.Kind)] = [
            ("gone", .notFound), ("forbidden", .unauthorized), ("moved", .failed), ("broken", .failed),
        ]
        for (key, kind) in expected {
            let error = await fetching.error(fetcher, "s3://docs/in/\(key)")
            #expect(error?.kind == kind && error?.host == "docs", "\(key)")
            let said = "\(error?.description ?? "") \(error?.detail ?? "")"
            #expect(!said.contains("secret") && !said.contains(key) && !said.contains("in/"), "\(said)")
        }
        await #expect(throws: UploadError.empty) { try await fetcher.fetch(DocumentSource("s3://docs/in/empty")) }
        #expect(elsewhere.requests.isEmpty)
    }
}

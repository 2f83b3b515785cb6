import DocumentSources
import Foundation
import Intake
import TestSupport
import Testing

/// Places that this server is not to be sent to, however the way there is described.
@Suite(.timeLimit(.minutes(2)))
struct RefusalTests {
    private let fetching: Fetching

    init() throws { fetching = try Fetching() }

    /// Without what the URL itself says: all that a client sees of it.
    private func seen(_ error: DocumentSourceError?) -> String { error.map { "\($0.kind) \($0)" } ?? "nothing" }

    @Test func whetherSomebodyListensIsNotToBeSeen() async throws {
        let inside = try HostileHost { .file(Fetching.document, to: $0) }
        defer { inside.stop() }
        let fetcher = try fetching.fetcher("")
        let refused = seen(await fetching.error(fetcher, "\(inside.url)/x"))
        #expect(refused.hasPrefix("refused"))
        for url in [
            "http://127.0.0.1:1/x", "http://10.1.2.3/", "http://[::1]:\(inside.port)/",
            "http://localhost:\(inside.port)/",
            "http://169.254.169.254/", "http://metadata.google.internal/",
        ] {
            #expect(seen(await fetching.error(fetcher, url)) == refused, "\(url)")
        }
        #expect(inside.requests.isEmpty && inside.mostAtOnce == 0)
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func redirectsInwardAreRefused(_ status: Int) async throws {
        let inside = try HostileHost(on: "127.0.0.2") { .file(Fetching.document, to: $0) }
        let port = inside.port
        let targets = [
            "http://127.0.0.2:\(port)/x", "http://127.0.0.2:1/x", "//127.0.0.2:\(port)/x",
            "http://2130706434:\(port)/x",
            "http://0x7f.2:\(port)/", "http://[::ffff:127.0.0.2]:\(port)/", "HTTP://127.0.0.2:\(port)/",
            "http://x@127.0.0.2:\(port)/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/",
            "http://10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.2:\(port)/",
            "ftp://127.0.0.2/", "dict://127.0.0.2:\(port)/", "http://127.0.0.2:\(port)\\@127.0.0.1/",
            "http://localhost.:\(port)/",
        ]
        let hub = try HostileHost { request in
            .init(status, ["Location: \(targets[Int(request.path.dropFirst()) ?? 0])"], Array("%PDF-hub".utf8))
        }
        defer {
            inside.stop()
            hub.stop()
        }
        let fetcher = try fetching.fetcher("127.0.0.1")
        var all: Set<String> = []
        for index in targets.indices { all.insert(seen(await fetching.error(fetcher, "\(hub.url)/\(index)"))) }
        #expect(all.count == 1 && all.first?.hasPrefix("refused") == true, "\(all)")
        #expect(hub.requests.count == targets.count)
        #expect(inside.requests.isEmpty && inside.mostAtOnce == 0)
    }

    @Test func redirectsAreFollowedAFewTimes() async throws {
        let host = try HostileHost { request in
            let left = Int(request.path.dropFirst()) ?? 0
            return left == 0 ? .file(Fetching.document, to: request) : .init(302, ["Location: /\(left - 1)"])
        }
        defer { host.stop() }
        let fetcher = try fetching.fetcher()
        let upload = try await fetcher.fetch(DocumentSource("\(host.url)/5"))
        // Its name is what the client called it.
        #expect(upload.content == Fetching.document && upload.fileName == "5")
        #expect(await fetching.error(fetcher, "\(host.url)/6")?.kind == .failed)
        #expect(host.requests.count == 6 + 6)
    }

    @Test func theWayThereIsRefusedToo() async throws {
        let fetcher = try fetching.fetcher()
        for url in ["http://user:secret@127.0.0.1/", "http://127.0.0.1:70000/", "http://0177.1/"] {
            let error = await fetching.error(fetcher, url)
            #expect(error?.kind == .invalid && error?.host == "" && !seen(error).contains("secret"))
        }
    }
}

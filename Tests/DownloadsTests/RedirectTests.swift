import Downloads
import Foundation
import TestSupport
import Testing

/// Who is sent on, and with what.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RedirectTests {
    private let content = Fixture.bytes(300_000)
    private let token = ["Authorization: Bearer hf_secret", "X-Mine: 1"]
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func fetch(_ url: String) throws {
        _ = try Downloader(Fixture.options).fetch(
            [DownloadItem(url: url, headers: token, path: "x")], into: folder.path)
    }

    @Test func theTokenStaysWithTheFirstHost() throws {
        let store = try HostileHost { .file(content, to: $0) }
        let hub = try HostileHost { .init(302, ["Location: http://127.0.0.1:\(store.port)\($0.path)?sig=1"]) }
        defer {
            store.stop()
            hub.stop()
        }
        try fetch("\(hub.url)/x")
        #expect(Fixture.read(folder, "x") == content)
        #expect(
            hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" && $0.headers["x-mine"] == "1" }
        )
        #expect(store.requests.allSatisfy { $0.headers["authorization"] == nil && $0.headers["x-mine"] == nil })
        #expect(store.requests.allSatisfy { $0.path == "/x?sig=1" })
        // The other parts are asked for where the first one was.
        #expect(hub.requests.count == 1 && store.requests.count == 5)
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func theSameHostKeepsTheToken(_ status: Int) throws {
        let host = try HostileHost { request in
            request.path == "/x" ? .init(status, ["Location: /elsewhere"]) : .file(content, to: request)
        }
        defer { host.stop() }
        try fetch("\(host.url)/x")
        #expect(Fixture.read(folder, "x") == content)
        #expect(host.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
    }

    @Test func aPlaceThatHoldsForAWhileIsAskedForAgain() throws {
        let number = Count()
        let store = try HostileHost { number.next() == 3 ? .init(403) : .file(content, to: $0) }
        let hub = try HostileHost { _ in .init(302, ["Location: \(store.url)/y"]) }
        defer {
            store.stop()
            hub.stop()
        }
        try fetch("\(hub.url)/x")
        #expect(Fixture.read(folder, "x") == content)
        // Each part that is asked for meanwhile may ask there too.
        #expect((2...5).contains(hub.requests.count))
    }

    @Test func aCircleEnds() throws {
        let host = try HostileHost { _ in .init(302, ["Location: /x"]) }
        defer { host.stop() }
        #expect(Fixture.error { try fetch("\(host.url)/x") }?.kind == .badAnswer)
        #expect(host.requests.count == 11)
    }

    @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/"])
    func otherSchemesAreRefused(_ location: String) throws {
        let host = try HostileHost { _ in .init(302, ["Location: \(location)"]) }
        defer { host.stop() }
        #expect(Fixture.error { try fetch("\(host.url)/x") }?.kind == .badAnswer)
        #expect(folder.names() == [])
    }

    @Test func aHeaderWithALineBreakIsRefused() throws {
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let item = DownloadItem(url: host.url, headers: ["Authorization: a\r\nX: b"], path: "x")
        let error = Fixture.error { _ = try Downloader().fetch([item], into: folder.path) }
        #expect(error?.kind == .invalid && error?.message.contains("X: b") == false)
        #expect(host.requests.isEmpty)
    }

    @Test func aDocumentIsFollowedToo() throws {
        let store = try HostileHost { _ in .init(200, ["X-Commit: abc"], Array("{}".utf8)) }
        let hub = try HostileHost { _ in .init(307, ["Location: \(store.url)/y"]) }
        defer {
            store.stop()
            hub.stop()
        }
        let (body, headers) = try Downloader(Fixture.options).text(hub.url + "/x", headers: token)
        #expect(body == Array("{}".utf8) && headers["x-commit"] == "abc")
        #expect(store.requests.first?.headers["authorization"] == nil)
        #expect(hub.requests.first?.headers["authorization"] != nil)
    }

    @Test func theProxyOfTheEnvironmentIsUsed() throws {
        let proxy = try HostileHost { .file(content, to: $0) }
        defer { proxy.stop() }
        let program = Programs.path("FileFetcher")
        let arguments = ["http://model-host.invalid/x", folder.path, "x", "65536", "-"]
        let result = try Shell.run(program, arguments, environment: ["PATH": "/usr/bin:/bin", "http_proxy": proxy.url])
        #expect(result.status == 0, "\(result.errors)")
        #expect(Fixture.read(folder, "x") == content)
        #expect(proxy.requests.allSatisfy { $0.path == "http://model-host.invalid/x" })
        let without = ["PATH": "/usr/bin:/bin", "http_proxy": proxy.url, "no_proxy": "model-host.invalid"]
        let asked = proxy.requests.count
        #expect(try Shell.run(program, arguments, environment: without).status == 1)
        #expect(proxy.requests.count == asked)
    }
}

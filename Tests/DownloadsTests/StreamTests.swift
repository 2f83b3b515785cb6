import Downloads
import Foundation
import TestSupport
import Testing

/// Documents, and streams that are read as they come.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct StreamTests {
    private let content = Fixture.bytes(300_000)

    private func stream(_ host: HostileHost) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let end = try Downloader(Fixture.options).stream("\(host.url)/x.tar") { bytes += $0 }
        #expect(end.bytes == Int64(bytes.count))
        return bytes
    }

    @Test func cutsAreGoneOnWith() throws {
        let host = try HostileHost { HostileHost.Reply.file(content, to: $0).ending(.close(70_000)) }
        defer { host.stop() }
        #expect(try stream(host) == content)
        #expect(host.ranges == ["all", "70000-", "140000-", "210000-", "280000-"])
        #expect(host.requests.dropFirst().allSatisfy { $0.headers["if-range"] == "\"one\"" })
    }

    @Test func anotherFileIsNotGoneOnWith() throws {
        let number = Count()
        let host = try HostileHost { request in
            let count = number.next()
            return .file(content, to: request, etag: "\"\(count)\"").ending(.close(70_000))
        }
        defer { host.stop() }
        #expect(Fixture.error { _ = try stream(host) }?.kind == .changed)
        #expect(host.requests.count == 2)
    }

    @Test func withoutAValidatorNothingIsGoneOnWith() throws {
        let host = try HostileHost { HostileHost.Reply.file(content, to: $0, etag: nil).ending(.close(70_000)) }
        defer { host.stop() }
        let error = Fixture.error { _ = try stream(host) }
        #expect(error?.kind == .tooManyTries && error?.mayPass == true)
        #expect(host.requests.count == 1)
    }

    @Test func whatTheReaderThrowsEndsIt() throws {
        struct Enough: Error {}
        let host = try HostileHost { HostileHost.Reply.file(content, to: $0) }
        defer { host.stop() }
        #expect(throws: Enough.self) {
            try Downloader(Fixture.options).stream("\(host.url)/x") { _ in throw Enough() }
        }
    }

    @Test func aStreamCanBeCancelled() throws {
        let host = try HostileHost { HostileHost.Reply.file(content, to: $0).ending(.silence(10)) }
        defer { host.stop() }
        let error = Fixture.error {
            _ = try Downloader().stream("\(host.url)/x", isCancelled: { !host.requests.isEmpty }) { _ in }
        }
        #expect(error?.kind == .cancelled)
    }

    @Test func aDocumentIsBoundedAndTriedAgain() throws {
        let number = Count()
        let host = try HostileHost { request in
            switch number.next() {
            case 1: .init(503)
            case 2: HostileHost.Reply(200, [], content).ending(.close(1000))
            default: .init(200, ["X-Repo-Commit: abc"], content)
            }
        }
        defer { host.stop() }
        let (body, headers) = try Downloader(Fixture.options).text(host.url, maximumBytes: 300_000)
        #expect(body == content && headers["x-repo-commit"] == "abc")
        let error = Fixture.error { _ = try Downloader(Fixture.options).text(host.url, maximumBytes: 299_999) }
        #expect(error?.kind == .tooLarge)
        #expect(host.requests.count == 4)
    }
}

import Downloads
import Foundation
import TestSupport
import Testing

/// Hosts and networks that fail.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FaultTests {
    private let content = Fixture.bytes(300_000)
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func fetch(
        _ host: HostileHost, size: Int64? = nil, sha256: String? = nil, options: DownloadOptions = Fixture.options
    ) throws {
        let item = DownloadItem(url: "\(host.url)/x", path: "x", size: size, sha256: sha256)
        _ = try Downloader(options).fetch([item], into: folder.path)
    }

    private func isWhole(_ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(Fixture.read(folder, "x") == content, sourceLocation: sourceLocation)
        #expect(folder.names() == ["x"], sourceLocation: sourceLocation)
    }

    @Test(arguments: [false, true]) func aCutIsGoneOnWithWhereItWas(_ withReset: Bool) throws {
        let host = try HostileHost { request in
            // Every answer to 5,000 bytes or more is cut.
            HostileHost.Reply.file(content, to: request).ending(withReset ? .reset(20_000) : .close(20_000))
        }
        defer { host.stop() }
        var options = Fixture.options
        options.connections = 1
        try fetch(host, options: options)
        isWhole()
        // A reset may overtake bytes that were sent, but none that came is fetched again.
        if !withReset { #expect(host.bytesSent == content.count) }
        #expect(host.ranges.contains("20000-65535") || withReset)
        #expect(host.requests.dropFirst().allSatisfy { $0.headers["if-range"] == "\"one\"" })
    }

    @Test func aCutWithoutRangesBeginsAgain() throws {
        let number = Count()
        let host = try HostileHost { _ in
            let reply = HostileHost.Reply(200, [], content)
            return number.next() < 3 ? reply.ending(.close(100_000)) : reply
        }
        defer { host.stop() }
        try fetch(host)
        isWhole()
        #expect(host.requests.count == 3)
    }

    @Test func cutsWithoutEndEnd() throws {
        for isRanged in [true, false] {
            let host = try HostileHost { request in
                let reply = isRanged ? HostileHost.Reply.file(content, to: request) : .init(200, [], content)
                return reply.ending(.close(isRanged ? 0 : 100_000))
            }
            defer { host.stop() }
            let error = Fixture.error { try fetch(host) }
            #expect(error?.kind == .tooManyTries && error?.mayPass == true)
            #expect(error?.message.contains("tried 8 times") == true)
            #expect(error?.host == "127.0.0.1:\(host.port)")
            // Each part has its tries.
            #expect((8...(isRanged ? 40 : 8)).contains(host.requests.count))
            #expect(Fixture.read(folder, "x") == nil)
        }
    }

    @Test func errorsOfTheHostPass() throws {
        let number = Count()
        let host = try HostileHost { request in
            switch number.next() {
            case 1, 4: .init(500, [], Array("secret-of-the-body".utf8))
            case 2, 5: .init(503)
            case 3: .init(429, ["Retry-After: 0"])
            default: .file(content, to: request)
            }
        }
        defer { host.stop() }
        try fetch(host)
        isWhole()
        #expect(host.bytesSent == content.count + 2 * 18)
    }

    @Test func errorsWithoutEndAreSaid() throws {
        let body = Array("secret-of-the-body".utf8)
        let cases: [(Int, DownloadError.Kind, Bool, Int)] = [
            (500, .refused(status: 500), true, 8), (429, .refused(status: 429), true, 8), (404, .notFound, false, 1),
            (410, .notFound, false, 1), (401, .unauthorized, false, 1), (403, .unauthorized, false, 1),
            (400, .refused(status: 400), false, 1), (302, .refused(status: 302), false, 1),
            (204, .refused(status: 204), false, 1),
        ]
        for (status, kind, mayPass, tries) in cases {
            let host = try HostileHost { _ in status == 204 ? .init(status) : .init(status, [], body) }
            defer { host.stop() }
            let error = Fixture.error { try fetch(host) }
            #expect(error?.kind == kind && error?.mayPass == mayPass, "\(status)")
            #expect(host.requests.count == tries, "\(status)")
            #expect(error?.message.contains("\(status)") == true)
            #expect(error?.message.contains("secret") == false)
            #expect(folder.names() == [])
        }
    }

    @Test(arguments: [true, false]) func retryAfterIsHeeded(_ asDate: Bool) throws {
        let number = Count()
        let host = try HostileHost { request in
            guard number.next() == 1 else { return .file(content, to: request) }
            return asDate
                ? .init(
                    429,
                    ["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:49:38 GMT"])
                : .init(503, ["Retry-After: 1"])
        }
        defer { host.stop() }
        let said = Said()
        let start = ContinuousClock.now
        _ = try Downloader(Fixture.options).fetch(
            [DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path, progress: said.append)
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(said.all.contains { $0.pause.map { $0 > .milliseconds(500) && $0 < .seconds(2) } ?? false })
        isWhole()
    }

    @Test func retryAfterIsBoundedAndCanBeCancelled() throws {
        let host = try HostileHost { _ in .init(429, ["Retry-After: 999999"]) }
        defer { host.stop() }
        var options = Fixture.options
        options.longestRetryAfter = .milliseconds(20)
        #expect(Fixture.error { try fetch(host, options: options) }?.kind == .refused(status: 429))
        #expect(host.requests.count == 8)

        let start = ContinuousClock.now
        let said = Said()
        let error = Fixture.error {
            _ = try Downloader(Fixture.options).fetch(
                [DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path, progress: said.append,
                isCancelled: { said.all.contains { $0.pause != nil } })
        }
        #expect(error?.kind == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func silenceIsAStallAndIsGoneOnWith() throws {
        let number = Count()
        let host = try HostileHost { request in
            let reply = HostileHost.Reply.file(content, to: request)
            return number.next() == 1 ? reply.ending(.silence(10_000)) : reply
        }
        defer { host.stop() }
        var options = Fixture.options
        // libcurl takes the mean of five seconds.
        options.minimumBytesPerSecond = 5_000
        try fetch(host, options: options)
        isWhole()
        #expect(host.ranges.contains("10000-65535"))
        #expect(host.bytesSent == content.count)
    }

    @Test func silenceWithoutEndIsSaid() throws {
        let host = try HostileHost { .file(content, to: $0).ending(.silence(0)) }
        defer { host.stop() }
        var options = Fixture.options
        options.tries = 2
        let error = Fixture.error { try fetch(host, options: options) }
        #expect(error?.kind == .stalled && error?.mayPass == true)
        #expect((2...10).contains(host.requests.count))
    }

    @Test func aTrickleAboveTheFloorIsLetBe() throws {
        // 100 kB a second for 3 s, where a stall is one second.
        let host = try HostileHost { _ in HostileHost.Reply(200, [], content).paced(5_000, 50_000) }
        defer { host.stop() }
        var options = Fixture.options
        options.minimumBytesPerSecond = 10_000
        try fetch(host, options: options)
        isWhole()
        #expect(host.requests.count == 1)
    }

    @Test func aTrickleBelowTheFloorIsAStall() throws {
        let host = try HostileHost { .file(content, to: $0).paced(500, 50_000) }
        defer { host.stop() }
        var options = Fixture.options
        options.minimumBytesPerSecond = 1_000_000
        options.tries = 2
        #expect(Fixture.error { try fetch(host, options: options) }?.kind == .stalled)
    }

    @Test func wrongLengthsAreRefused() throws {
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let error = Fixture.error { try fetch(host, size: 300_001) }
        #expect(error?.kind == .wrongLength && error?.mayPass == false)
        #expect(error?.message.contains("300000") == true && error?.message.contains("300001") == true)
        #expect(folder.names() == [])

        let stream = try HostileHost { _ in
            var reply = HostileHost.Reply(200, [], content)
            reply.contentLength = nil
            reply.isChunked = true
            return reply
        }
        defer { stream.stop() }
        for size: Int64 in [299_999, 300_001] {
            #expect(Fixture.error { try fetch(stream, size: size) }?.kind == .wrongLength)
            #expect(folder.names() == [])
        }
        // It says more than it sends.
        let short = try HostileHost { request in
            var reply = HostileHost.Reply.file(content, to: request)
            reply.contentLength = reply.body.count + 1
            return reply
        }
        defer { short.stop() }
        #expect(Fixture.error { try fetch(short) }?.kind == .badAnswer)
        #expect(Fixture.read(folder, "x") == nil)
    }

    @Test func theMostBytesAreBounded() throws {
        var options = Fixture.options
        options.maximumBytes = 299_999
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        #expect(Fixture.error { try fetch(host, options: options) }?.kind == .tooLarge)
        let stream = try HostileHost { _ in
            var reply = HostileHost.Reply(200, [], content)
            reply.contentLength = nil
            reply.isChunked = true
            return reply
        }
        defer { stream.stop() }
        #expect(Fixture.error { try fetch(stream, options: options) }?.kind == .tooLarge)
        #expect(folder.names() == [])
    }

    @Test func wrongBytesAreRefusedAndGone() throws {
        let host = try HostileHost { request in
            var reply = HostileHost.Reply.file(content, to: request)
            if request.range?.first == 131_072 { reply.body[77] ^= 1 }
            return reply
        }
        defer { host.stop() }
        let error = Fixture.error { try fetch(host, sha256: Fixture.sha256(content)) }
        #expect(error?.kind == .wrongHash && error?.mayPass == false)
        #expect(folder.names() == [])
    }

    @Test func aRangeThatWasNotAskedForIsRefused() throws {
        for text in ["bytes 1-65536/300000", "bytes 0-65536/300000", "bytes 0-65535", "lines 0-65535/300000", ""] {
            let host = try HostileHost { request in
                .init(206, text.isEmpty ? [] : ["ETag: \"one\"", "Content-Range: \(text)"], Array(content[..<65_536]))
            }
            defer { host.stop() }
            #expect(Fixture.error { try fetch(host) }?.kind == .badAnswer, "\(text)")
            #expect(folder.names() == [])
        }
        // A later one, by one byte.
        let host = try HostileHost { request in
            guard let first = request.range?.first, first > 0 else { return .file(content, to: request) }
            return .init(206, ["Content-Range: bytes \(first + 1)-\(first + 9)/300000"], Array(content[..<9]))
        }
        defer { host.stop() }
        #expect(Fixture.error { try fetch(host) }?.kind == .badAnswer)
        #expect(Fixture.read(folder, "x") == nil)
    }

    @Test func compressedAnswersAreRefused() throws {
        for status in [200, 206] {
            let host = try HostileHost { request in
                var reply = HostileHost.Reply.file(content, to: request, headers: ["Content-Encoding: gzip"])
                reply.status = status
                return reply
            }
            defer { host.stop() }
            #expect(Fixture.error { try fetch(host) }?.kind == .badAnswer)
            #expect(folder.names() == [])
        }
    }

    @Test func whatIsNoHTTPIsRefused() throws {
        let host = try HostileHost { _ in .init(999_999) }
        defer { host.stop() }
        #expect(Fixture.error { try fetch(host) } != nil)
        #expect(folder.names() == [])
    }

    @Test func whoeverCannotBeReachedIsNamed() throws {
        let closed = try HostileHost { _ in .init(200) }
        closed.stop()
        #expect(eventually { (try? LocalSocketProbe.isRefused(closed.port)) == true })
        func error(_ url: String, _ options: DownloadOptions = Fixture.options) -> DownloadError? {
            Fixture.error {
                _ = try Downloader(options).fetch([DownloadItem(url: url, path: "x")], into: folder.path)
            }
        }
        let refused = error(closed.url)
        #expect(refused?.kind == .unreachable && refused?.mayPass == true)
        #expect(refused?.host == "127.0.0.1:\(closed.port)" && refused?.message.contains("tried 3 times") == true)

        let unknown = error("https://no-such-host.invalid/x?secret=1")
        #expect(unknown?.kind == .unreachable && unknown?.host == "no-such-host.invalid")
        #expect(unknown?.message.contains("name could not be resolved") == true)
        #expect(unknown?.message.contains("secret") == false)

        let plain = try HostileHost { _ in .init(200) }
        defer { plain.stop() }
        let secure = plain.url.replacing("http:", with: "https:")
        #expect(error(secure)?.message.contains("TLS") == true)
        var options = Fixture.options
        options.certificateFile = "/no/such/file"
        let untrusted = error(secure, options)
        #expect(untrusted?.kind == .untrusted && untrusted?.message.contains("SSL_CERT_FILE") == true)
        #expect(error("ftp://127.0.0.1/x")?.kind == .invalid)
        #expect(error("/x")?.kind == .invalid)
        #expect(folder.names() == [])
    }

    @Test func cancellingIsQuickAndLeavesWhatCame() throws {
        let host = try HostileHost { .file(content, to: $0).paced(2_000, 10_000) }
        defer { host.stop() }
        let item = DownloadItem(url: "\(host.url)/x", path: "x", sha256: Fixture.sha256(content))
        let said = Said()
        let error = Fixture.error {
            _ = try Downloader(Fixture.options).fetch(
                [item], into: folder.path, progress: said.append,
                isCancelled: { (said.all.last?.bytesDone ?? 0) > 100_000 })
        }
        #expect(error?.kind == .cancelled)
        #expect(folder.names() == ["x.partial", "x.partial.json"])
        let sent = host.bytesSent
        let again = Said()
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path, progress: again.append)
        isWhole()
        // All that was told to have come was kept.
        #expect(
            again.all.last.map { $0.bytesFetched + (said.all.last?.bytesDone ?? 0) <= Int64(content.count) } == true)
        #expect(host.bytesSent - sent < content.count)
    }
}

/// Whether nobody listens on a port.
enum LocalSocketProbe {
    static func isRefused(_ port: UInt16) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0 && errno == ECONNREFUSED
            }
        }
    }
}

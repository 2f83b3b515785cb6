import DocumentSources
import Foundation
import Intake
import TestSupport
import Testing

/// Documents from URLs: what comes, what goes wrong, and what it costs at most.
@Suite(.timeLimit(.minutes(2)))
struct WebSourceTests {
    private let fetching: Fetching

    init() throws { fetching = try Fetching() }

    @Test func aDocumentArrives() async throws {
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        let upload = try await fetching.fetcher().fetch(
            DocumentSource("\(host.url)/a/%D0%BE%D1%82%D1%87%D1%91%D1%82%20%2F1.pdf?sig=secret#x"))
        #expect(upload.kind == .pdf && upload.bytes == Fetching.document.count)
        #expect(upload.content == Fetching.document && upload.sha256?.count == 64)
        // As untrusted as an upload's.
        #expect(upload.fileName == "отчёт /1.pdf")
        #expect(SafeStem(fileName: upload.fileName).text == "1")
        #expect(host.requests.map(\.path) == ["/a/%D0%BE%D1%82%D1%87%D1%91%D1%82%20%2F1.pdf?sig=secret"])
        #expect(host.requests.first?.headers["user-agent"] == "coxswain")
    }

    @Test(
        arguments: [
            ("http://h/a.pdf", "a.pdf"), ("http://h/", nil), ("http://h", nil), ("http://h?/x.pdf", nil),
            ("http://h/a/b/", nil),
            ("http://h/%2e%2e", ".."), ("http://h/%zz%", "%zz%"), ("http://h/%FF%00", "\u{FFFD}\0"),
            ("http://h/a%0Ab", "a\nb"),
            ("http://h/a;b=c", "a;b=c"), ("s3://bucket/a/b c+%20.pdf", "b c+%20.pdf"),
        ] as [(String, String?)])
    func theNameIsTheLastOfThePath(_ url: String, _ name: String?) throws {
        #expect(try DocumentSource(url).fileName == name)
    }

    @Test(arguments: [
        "", "x", "ftp://h/x", "s3://", "s3://bucket", "s3://bucket/", "s3://bucket/a/", "s3://bucket/../x", "/x",
    ])
    func whatIsNoSourceIsInvalid(_ url: String) {
        let error = #expect(throws: DocumentSourceError.self) { try DocumentSource(url) }
        #expect(error?.kind == .invalid)
    }

    @Test func onlyAHostThatProvesItsNameIsBelieved() async throws {
        let (authority, another) = (try TestAuthority(), try TestAuthority())
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        let front = try Front(to: Int(host.port), certificate: authority.certificate(of: "127.0.0.1"))
        let trusting = try fetching.fetcher(store: ["SSL_CERT_FILE": authority.file])
        let url = "https://127.0.0.1:\(front.port)/x.pdf"
        #expect(try await trusting.fetch(DocumentSource(url)).content == Fetching.document)
        let unknown = await fetching.error(try fetching.fetcher(store: ["SSL_CERT_FILE": another.file]), url)
        #expect(unknown?.kind == .failed && unknown?.description.contains("could not prove who it is") == true)
        #expect(unknown?.detail?.contains("SSL_CERT_FILE") == true)
        let elsewhere = try Front(to: Int(host.port), certificate: authority.certificate(of: "other.example"))
        let misnamed = await fetching.error(trusting, "https://127.0.0.1:\(elsewhere.port)/x.pdf")
        #expect(misnamed?.kind == .failed && misnamed?.description.contains("could not prove who it is") == true)
        #expect(misnamed?.detail?.contains("does not match") == true || misnamed?.detail?.contains("matches") == true)
        // Neither by itself nor on somebody's word is a document fetched that anybody could have altered.
        #expect(await fetching.error(trusting, "https://127.0.0.1:\(host.port)/x.pdf")?.kind == .failed)
        #expect(host.requests.count == 1)
        let plain = host.url
        let onward = try HostileHost { _ in .init(302, ["Location: \(plain)/x.pdf"]) }
        defer { onward.stop() }
        let secure = try Front(to: Int(onward.port), certificate: authority.certificate(of: "127.0.0.1"))
        #expect(await fetching.error(trusting, "https://127.0.0.1:\(secure.port)/x.pdf")?.kind == .failed)
        #expect(host.requests.count == 1 && onward.requests.count == 1)
    }

    @Test func answersWithoutALengthAreTaken() async throws {
        let host = try HostileHost { request in
            var reply = HostileHost.Reply(200, [], Fetching.document)
            reply.contentLength = nil
            reply.isChunked = request.path == "/chunked"
            return reply
        }
        defer { host.stop() }
        for path in ["chunked", "closed"] {
            let upload = try await fetching.fetcher().fetch(DocumentSource("\(host.url)/\(path)"))
            #expect(upload.content == Fetching.document)
        }
    }

    @Test(arguments: ["\"one\"", nil]) func cutsAreMended(_ etag: String?) async throws {
        let host = try HostileHost { request in
            let reply = HostileHost.Reply.file(Fetching.document, to: request, etag: etag)
            return request.number == 1 ? reply.ending(.close(70_000)) : reply
        }
        defer { host.stop() }
        #expect(try await fetching.fetcher().fetch(DocumentSource("\(host.url)/x")).content == Fetching.document)
        // Without a word on which version it is, all of it comes again.
        #expect(host.ranges == ["all", etag == nil ? "all" : "70000-"])
    }

    @Test(arguments: [200, 206]) func aFileThatChangesIsFetchedAnew(_ status: Int) async throws {
        let other = Array("%PDF-other".utf8) + [UInt8](repeating: 0x62, count: 100_000)
        let host = try HostileHost { request in
            if request.number == 1 {
                return HostileHost.Reply.file(Fetching.document, to: request).ending(.close(70_000))
            }
            if status == 200 || request.range == nil { return .init(200, ["ETag: \"two\""], other) }
            return .init(206, ["ETag: \"two\"", "Content-Range: bytes 70000-70008/100010"], Array("garbage..".utf8))
        }
        defer { host.stop() }
        #expect(try await fetching.fetcher().fetch(DocumentSource("\(host.url)/x")).content == other)
        #expect(host.requests.count == (status == 200 ? 2 : 3))
    }

    @Test func afterAFewTriesItIsGivenUp() async throws {
        let host = try HostileHost { request in
            request.path == "/late" && request.number > 1 ? .file(Fetching.document, to: request) : .init(503)
        }
        defer { host.stop() }
        #expect(try await fetching.fetcher().fetch(DocumentSource("\(host.url)/late")).bytes == Fetching.document.count)
        let error = await fetching.error(try fetching.fetcher(), "\(host.url)/never")
        #expect(error?.kind == .failed && error?.description.contains("503") == false)
        #expect(error?.detail?.contains("503") == true && error?.detail?.contains("never") == false)
        #expect(host.requests.count == 2 + 3)
    }

    @Test func whatTheOtherSideSaysStaysThere() async throws {
        let host = try HostileHost { request in
            .init(Int(request.path.dropFirst()) ?? 500, ["X-Secret: secret"], Array("secret".utf8))
        }
        defer { host.stop() }
        let expected: [(Int, DocumentSourceError.Kind)] = [
            (401, .unauthorized), (403, .unauthorized), (404, .notFound), (410, .notFound), (204, .failed),
            (304, .failed),
            (206, .failed), (418, .failed), (302, .failed), (300, .failed),
        ]
        for (status, kind) in expected {
            let error = await fetching.error(try fetching.fetcher(), "\(host.url)/\(status)")
            #expect(error?.kind == kind, "\(status)")
            #expect("\(error?.description ?? "") \(error?.detail ?? "")".contains("secret") == false)
            #expect(error?.host == "127.0.0.1:\(host.port)")
        }
    }

    @Test func theContentDecides() async throws {
        let page = Array("<html>".utf8) + [UInt8](repeating: 0x20, count: 48 << 20)
        let host = try HostileHost { request in
            switch request.path {
            case "/empty": .init(200, ["Content-Type: application/pdf"])
            case "/page": .init(200, ["Content-Type: application/pdf"], page)
            case "/packed": .init(200, ["Content-Encoding: gzip"], Fetching.document)
            default: .init(200, ["Content-Type: text/html"], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            }
        }
        defer { host.stop() }
        let fetcher = try fetching.fetcher(maximumBytes: 1 << 30)
        await #expect(throws: UploadError.empty) { try await fetcher.fetch(DocumentSource("\(host.url)/empty")) }
        await #expect(throws: UploadError.unsupported) { try await fetcher.fetch(DocumentSource("\(host.url)/page")) }
        // As soon as it shows, and not after all of it.
        #expect(host.bytesSent < page.count)
        #expect(try await fetcher.fetch(DocumentSource("\(host.url)/picture")).kind == .png)
        #expect(await fetching.error(fetcher, "\(host.url)/packed")?.kind == .failed)
    }

    @Test func sizeIsBounded() async throws {
        let host = try HostileHost { request in
            var reply = HostileHost.Reply(200, [], Fetching.document)
            if request.path == "/streamed" {
                reply.contentLength = nil
                reply.isChunked = true
                reply.body += [UInt8](repeating: 0, count: 48 << 20)
            } else if request.path == "/said" {
                reply.contentLength = 1 << 40
            }
            return reply
        }
        defer { host.stop() }
        let limit = Fetching.document.count
        let fetcher = try fetching.fetcher(maximumBytes: limit)
        #expect(try await fetcher.fetch(DocumentSource("\(host.url)/right")).bytes == limit)
        #expect(await fetching.error(fetcher, "\(host.url)/said")?.kind == .tooLarge)
        #expect(await fetching.error(fetcher, "\(host.url)/streamed")?.kind == .tooLarge)
        #expect(host.bytesSent < 48 << 20 && host.requests.count == 3)
    }

    @Test(arguments: ["silent", "dripping", "mute"]) func timeIsBounded(_ path: String) async throws {
        let host = try HostileHost { request in
            let reply = HostileHost.Reply.file(Fetching.document, to: request)
            return switch request.path {
            case "/silent": reply.ending(.silence(2000))
            case "/dripping": reply.paced(10, 20_000)
            default: HostileHost.Reply(100, []).ending(.silence(0))
            }
        }
        defer { host.stop() }
        let began = ContinuousClock.now
        let error = await fetching.error(try fetching.fetcher(timeout: .seconds(1)), "\(host.url)/\(path)")
        #expect(error?.kind == .tooSlow, "\(error?.detail ?? "")")
        #expect(.now - began < .seconds(10))
    }

    @Test func aClientThatLeavesEndsIt() async throws {
        let host = try HostileHost { HostileHost.Reply.file(Fetching.document, to: $0).ending(.silence(2000)) }
        defer { host.stop() }
        let fetcher = try fetching.fetcher(concurrency: 1)
        var tasks = [Task { [fetching] in await fetching.error(fetcher, "\(host.url)/x") }]
        while host.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        // One is under way, the others wait for the thread.
        for _ in 0..<2 { tasks.append(Task { [fetching] in await fetching.error(fetcher, "\(host.url)/x") }) }
        for task in tasks.reversed() {
            task.cancel()
            #expect(await task.value?.kind == .cancelled)
        }
        #expect(await Task { await fetching.error(fetcher, "\(host.url)/x") }.cancelled()?.kind == .cancelled)
        while !host.isIdle { try await Task.sleep(for: .milliseconds(5)) }
        #expect(host.requests.count == 1)
    }

    @Test func aHostThatHangsHoldsUpNoOther() async throws {
        let hanging = try HostileHost { HostileHost.Reply.file(Fetching.document, to: $0).ending(.silence(2000)) }
        let host = try HostileHost(on: "127.0.0.2") { .file(Fetching.document, to: $0) }
        defer {
            hanging.stop()
            host.stop()
        }
        let fetcher = try fetching.fetcher("127.0.0.0/8", concurrency: 4)
        let tasks = (0..<9).map { _ in Task { [fetching] in await fetching.error(fetcher, "\(hanging.url)/x") } }
        while hanging.requests.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<3 { _ = try await fetcher.fetch(DocumentSource("\(host.url)/x")) }
        #expect(hanging.requests.count == 2)
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.value?.kind == .cancelled) }
        // And the threads serve again.
        _ = try await fetcher.fetch(DocumentSource("\(host.url)/x"))
    }

    @Test func manyAtOnceAllArrive() async throws {
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        let fetcher = try fetching.fetcher(concurrency: 4)
        let all = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask { try await fetcher.fetch(DocumentSource("\(host.url)/\(index)")).bytes }
            }
            return try await group.reduce(0, +)
        }
        #expect(all == 40 * Fetching.document.count)
    }

    @Test func urlsAreOffUnlessSwitchedOn() async throws {
        let host = try HostileHost { .file(Fetching.document, to: $0) }
        defer { host.stop() }
        #expect(await fetching.error(try fetching.fetcher(nil), "\(host.url)/x")?.kind == .off)
        #expect(host.requests.isEmpty)
    }
}

extension Task where Failure == Never {
    /// Its value, after it was cancelled, most likely before it began.
    fileprivate func cancelled() async -> Success {
        cancel()
        return await value
    }
}

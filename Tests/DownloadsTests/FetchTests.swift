import Downloads
import Foundation
import TestSupport
import Testing

/// Hosts without faults, or with such as a download must get along with.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FetchTests {
    @Test func severalFilesComeInRangesAtOnce() throws {
        let folder = try TestFolder()
        let contents = (0..<5).map { Fixture.bytes([0, 1, 65_536, 65_537, 700_001][$0], seed: UInt64($0)) }
        let host = try HostileHost { .file(contents[Int($0.path.dropFirst()) ?? 0], to: $0) }
        defer { host.stop() }
        let items = contents.indices.map { index in
            DownloadItem(
                url: "\(host.url)/\(index)", path: "a/b\(index % 2)/\(index)", size: Int64(contents[index].count),
                sha256: Fixture.sha256(contents[index]))
        }
        let said = Said()
        let files = try Downloader(Fixture.options).fetch(items, into: folder.path, progress: said.append)
        #expect(files.map(\.path) == items.map(\.path))
        for (index, file) in files.enumerated() {
            #expect(Fixture.read(folder, file.path) == contents[index])
            #expect(file.size == Int64(contents[index].count) && file.sha256 == Fixture.sha256(contents[index]))
            #expect(file.etag == "\"one\"")
        }
        #expect(folder.names(in: "a/b0") == ["0", "2", "4"] && folder.names(in: "a/b1") == ["1", "3"])
        #expect(host.bytesSent == contents.reduce(0) { $0 + $1.count })
        #expect(host.mostAtOnce <= 4)
        // Each further range of a file says of which file.
        for request in host.requests where request.range?.first ?? 0 > 0 {
            #expect(request.headers["if-range"] == "\"one\"")
        }
        #expect(host.requests.allSatisfy { $0.headers["accept-encoding"] == nil })
        let last = try #require(said.all.last)
        #expect(last.filesDone == 5 && last.filesTotal == 5 && last.bytesDone == last.bytesTotal)
        #expect(last.bytesFetched == Int64(host.bytesSent))
    }

    @Test func nothingButTheURLIsKnown() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(200_000)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let files = try Downloader(Fixture.options).fetch(
            [DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(files.first?.sha256 == Fixture.sha256(content))
        #expect(Set(host.ranges) == ["0-65535", "65536-131071", "131072-196607", "196608-199999"])
        #expect(host.ranges.first == "0-65535")
    }

    @Test func aFileThatIsThereIsNotAskedFor() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(100_000)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let item = DownloadItem(url: "\(host.url)/x", path: "x", size: 100_000, sha256: Fixture.sha256(content))
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        let asked = host.requests.count
        let files = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(host.requests.count == asked)
        #expect(files.first?.sha256 == item.sha256)

        // Of the right length, and wrong.
        var wrong = content
        wrong[5] ^= 1
        try Data(wrong).write(to: URL(fileURLWithPath: "\(folder.path)/x"))
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
        #expect(host.requests.count > asked)
    }

    @Test func withoutASizeTheHostIsAskedForIt() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(100_000)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let item = DownloadItem(url: "\(host.url)/x", path: "x")
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        let asked = host.requests.count
        let files = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(host.requests.count == asked + 1)
        #expect(files.first?.size == 100_000)
        try Data(content[..<50_000]).write(to: URL(fileURLWithPath: "\(folder.path)/x"))
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
    }

    @Test func rangesAreIgnored() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(300_000)
        let host = try HostileHost { _ in .init(200, ["ETag: \"one\""], content) }
        defer { host.stop() }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
        #expect(host.requests.count == 1)
    }

    @Test func anAnswerWithoutALengthIsTaken() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(300_000)
        let host = try HostileHost { _ in
            var reply = HostileHost.Reply(200, [], content)
            reply.contentLength = nil
            reply.isChunked = true
            return reply
        }
        defer { host.stop() }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
    }

    @Test func withoutAnyLengthNothingIsBelieved() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(30_000)
        let host = try HostileHost { _ in
            var reply = HostileHost.Reply(200, [], content)
            reply.contentLength = nil
            return reply
        }
        defer { host.stop() }
        let error = Fixture.error {
            _ = try Downloader(Fixture.options).fetch(
                [DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        }
        #expect(error?.kind == .badAnswer)
        #expect(folder.names() == [])
        // With a hash it is.
        let item = DownloadItem(url: "\(host.url)/x", path: "x", sha256: Fixture.sha256(content))
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
    }

    @Test func aHostWithoutAValidatorGivesTheFileInOnePiece() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(300_000)
        let host = try HostileHost { .file(content, to: $0, etag: nil) }
        defer { host.stop() }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
        #expect(host.ranges == ["0-65535", "all"])
        // The hash would tell two versions apart.
        let item = DownloadItem(url: "\(host.url)/x", path: "y", sha256: Fixture.sha256(content))
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path)
        #expect(Fixture.read(folder, "y") == content)
        #expect(host.ranges.dropFirst(2).allSatisfy { $0 != "all" })
    }

    @Test func aWeakTagIsNoneAndADateIsOne() throws {
        let content = Fixture.bytes(100_000)
        let dates = ["Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Date: Sun, 06 Nov 1994 08:49:39 GMT"]
        for (headers, expected) in [(dates, "Sun, 06 Nov 1994 08:49:37 GMT"), ([dates[0]], nil)] {
            let folder = try TestFolder()
            let host = try HostileHost { .file(content, to: $0, etag: nil, headers: headers) }
            defer { host.stop() }
            _ = try Downloader(Fixture.options).fetch(
                [DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
            #expect(Fixture.read(folder, "x") == content)
            #expect(host.requests.last?.headers["if-range"] == expected)
        }
        let folder = try TestFolder()
        let host = try HostileHost { .file(content, to: $0, etag: "W/\"one\"") }
        defer { host.stop() }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(host.ranges == ["0-65535", "all"])
    }

    @Test func aHostMaySendLessThanItWasAskedFor() throws {
        let folder = try TestFolder()
        let content = Fixture.bytes(300_000)
        let host = try HostileHost { request in
            guard let range = request.range else { return .file(content, to: request) }
            var less = request
            less.range = (range.first, min(range.last ?? .max, range.first + 9_999))
            return .file(content, to: less)
        }
        defer { host.stop() }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
        #expect(host.bytesSent == content.count)
    }

    @Test(arguments: ["", "/etc/passwd", "../x", "a/../x", "a//x", "a/", "./x", "a\nb", "x.partial", "x.partial.json"])
    func pathsThatLeadOutAreRefused(_ path: String) throws {
        let folder = try TestFolder()
        let error = Fixture.error {
            _ = try Downloader().fetch([DownloadItem(url: "http://127.0.0.1:1/", path: path)], into: folder.path)
        }
        #expect(error?.kind == .invalid)
    }

    @Test func noLinkLeadsOut() throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        let content = Fixture.bytes(1000)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: outside.path)
        let error = Fixture.error {
            _ = try Downloader(Fixture.options).fetch(
                [DownloadItem(url: "\(host.url)/x", path: "link/x")], into: folder.path)
        }
        #expect(error?.kind == .file)
        for name in ["x", "x.partial", "x.partial.json"] {
            let target = try outside.write("target-\(name)", "mine")
            try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
        }
        _ = try Downloader(Fixture.options).fetch([DownloadItem(url: "\(host.url)/x", path: "x")], into: folder.path)
        #expect(Fixture.read(folder, "x") == content)
        #expect(outside.names().allSatisfy { Fixture.read(outside, $0) == Array("mine".utf8) })
    }
}

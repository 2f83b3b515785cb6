import Downloads
import Foundation
import TestSupport
import Testing

/// What another run finds of an earlier one.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ResumeTests {
    private let content = Fixture.bytes(300_000)
    private let other = Fixture.bytes(300_000, seed: 2)
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func fetch(_ host: HostileHost, sha256: String? = nil, said: Said = Said()) throws {
        let item = DownloadItem(url: "\(host.url)/x", path: "x", sha256: sha256)
        _ = try Downloader(Fixture.options).fetch([item], into: folder.path, progress: said.append)
    }

    /// Leaves a file of which the first two parts are there.
    private func leaveHalf(etag: String? = "\"one\"", sha256: String? = nil) throws {
        let host = try HostileHost { request in
            (request.range?.first ?? 0) < 131_072 ? .file(content, to: request, etag: etag) : .init(404)
        }
        defer { host.stop() }
        var options = Fixture.options
        options.connections = 1
        let item = DownloadItem(url: "\(host.url)/x", path: "x", sha256: sha256)
        let error = Fixture.error { _ = try Downloader(options).fetch([item], into: folder.path) }
        #expect(error?.kind == .notFound)
        #expect(folder.names() == ["x.partial", "x.partial.json"])
    }

    private func isWhole(_ expected: [UInt8], _ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(Fixture.read(folder, "x") == expected, sourceLocation: sourceLocation)
        #expect(folder.names() == ["x"], sourceLocation: sourceLocation)
    }

    @Test(arguments: [false, true]) func whatIsThereIsNotFetchedAgain(_ withHash: Bool) throws {
        let hash = withHash ? Fixture.sha256(content) : nil
        try leaveHalf(sha256: hash)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        let said = Said()
        try fetch(host, sha256: hash, said: said)
        isWhole(content)
        #expect(host.requests.allSatisfy { $0.headers["if-range"] == "\"one\"" })
        #expect(Set(host.ranges) == ["131072-196607", "196608-262143", "262144-299999"])
        #expect(said.all.last?.bytesDone == 300_000 && said.all.last?.bytesFetched == 300_000 - 131_072)
    }

    @Test func aFileThatChangedMeanwhileIsBegunAgain() throws {
        try leaveHalf()
        let host = try HostileHost { .file(other, to: $0, etag: "\"two\"") }
        defer { host.stop() }
        try fetch(host)
        isWhole(other)
        #expect(host.ranges.contains("0-65535"))
    }

    @Test func aFileThatChangesWhileItComesIsBegunAgain() throws {
        let number = Count()
        let host = try HostileHost { request in
            number.next() <= 2 ? .file(content, to: request) : .file(other, to: request, etag: "\"two\"")
        }
        defer { host.stop() }
        try fetch(host)
        isWhole(other)
    }

    @Test func aHostThatIgnoresIfRangeIsNoticed() throws {
        try leaveHalf()
        let host = try HostileHost { request in
            var request = request
            request.headers["if-range"] = nil
            return .file(other, to: request, etag: "\"two\"")
        }
        defer { host.stop() }
        try fetch(host)
        isWhole(other)
    }

    @Test func aFileThatNeverStaysTheSameIsSaid() throws {
        let number = Count()
        let host = try HostileHost { .file(content, to: $0, etag: "\"\(number.next())\"") }
        defer { host.stop() }
        let error = Fixture.error { try fetch(host) }
        #expect(error?.kind == .changed && error?.mayPass == true)
        #expect(folder.names() == [])
    }

    @Test func anotherLengthMeansAnotherFile() throws {
        try leaveHalf()
        let longer = other + [1]
        let host = try HostileHost { request in
            var request = request
            request.headers["if-range"] = nil
            return .file(longer, to: request, etag: nil, headers: [])
        }
        defer { host.stop() }
        try fetch(host)
        isWhole(longer)
    }

    @Test func aShorterFileMeansAnotherFile() throws {
        try leaveHalf()
        let shorter = Array(other[..<100_000])
        let host = try HostileHost { request in
            var request = request
            request.headers["if-range"] = nil
            return .file(shorter, to: request, etag: "\"two\"")
        }
        defer { host.stop() }
        try fetch(host)
        isWhole(shorter)
    }

    @Test func anotherHostGoesOnWhereTheHashIsKnown() throws {
        let hash = Fixture.sha256(content)
        try leaveHalf(sha256: hash)
        let host = try HostileHost { .file(content, to: $0, etag: "\"mirror\"") }
        defer { host.stop() }
        let said = Said()
        try fetch(host, sha256: hash, said: said)
        isWhole(content)
        #expect(try #require(said.all.last).bytesFetched == Int64(300_000 - 131_072))
        #expect(host.requests.first?.headers["if-range"] == "\"one\"")
        #expect(host.requests.allSatisfy { $0.range?.first ?? 0 >= 131_072 })
    }

    @Test func bytesThatWentBadAreFetchedAgain() throws {
        let hash = Fixture.sha256(content)
        try leaveHalf(sha256: hash)
        let file = try #require(FileHandle(forWritingAtPath: "\(folder.path)/x.partial"))
        try file.write(contentsOf: Data([content[0] ^ 1]))
        try file.close()
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        try fetch(host, sha256: hash)
        isWhole(content)
    }

    @Test func anotherHashIsAnotherFile() throws {
        try leaveHalf(sha256: Fixture.sha256(content))
        let host = try HostileHost { .file(other, to: $0, etag: "\"two\"") }
        defer { host.stop() }
        try fetch(host, sha256: Fixture.sha256(other))
        isWhole(other)
        #expect(host.bytesSent == other.count)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"version":2,"size":300000,"ranges":[[0,131072]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[0,400000]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[-5,400]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[9,9]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[0,131072],[100,200]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[0,131072,1]],"validator":"\"one\""}"#,
        #"{"version":1,"size":300000,"ranges":[[0,131072]]}"#,
        #"{"version":1,"size":9223372036854775807,"ranges":[[0,131072]],"validator":"\"one\""}"#,
        #"{"version":1,"size":9223372036854775807,"ranges":[[0,9223372036854775807]],"validator":"\"one\""}"#,
    ])
    func aJournalThatMakesNoSenseIsNotBelieved(_ journal: String) throws {
        try leaveHalf()
        try folder.write("x.partial.json", journal)
        let host = try HostileHost { .file(content, to: $0) }
        defer { host.stop() }
        try fetch(host)
        isWhole(content)
        #expect(host.bytesSent == content.count)
    }

    @Test func aFileWithoutItsJournalOrAJournalWithoutItsFileIsBegunAgain() throws {
        for name in ["x.partial", "x.partial.json"] {
            try leaveHalf()
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
            let host = try HostileHost { .file(content, to: $0) }
            defer { host.stop() }
            try fetch(host)
            isWhole(content)
            try FileManager.default.removeItem(atPath: "\(folder.path)/x")
        }
    }

    @Test func whatCannotBeGoneOnWithIsNotKept() throws {
        let host = try HostileHost { _ in HostileHost.Reply(200, [], content).ending(.close(100_000)) }
        defer { host.stop() }
        #expect(Fixture.error { try fetch(host) }?.kind == .tooManyTries)
        #expect(folder.names() == [])
    }
}

import Downloads
import Foundation
import TestSupport
import Testing

/// A process that fetches a file is killed again and again: the file is right in the end, and what was put down is never
/// asked for again.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct KilledFetchTests {
    private static let partBytes = 128 << 10

    private struct Journal: Decodable {
        var ranges: [[Int]]
    }

    private func start(_ host: HostileHost, _ folder: TestFolder, sha256: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Programs.path("FileFetcher"))
        process.arguments = ["\(host.url)/x", folder.path, "x", "\(Self.partBytes)", sha256]
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func journal(_ folder: TestFolder) throws -> [[Int]] {
        guard let data = FileManager.default.contents(atPath: "\(folder.path)/x.partial.json") else { return [] }
        return try JSONDecoder().decode(Journal.self, from: data).ranges
    }

    @Test(arguments: [true, false]) func nothingIsFetchedTwiceThatWasPutDown(_ withHash: Bool) throws {
        let content = Fixture.bytes(6_000_000)
        let host = try HostileHost { HostileHost.Reply.file(content, to: $0).paced(16 << 10, 2_000) }
        defer { host.stop() }
        let folder = try TestFolder()
        let hash = withHash ? Fixture.sha256(content) : "-"
        var asked = 0
        var sentBefore = 0
        var kills = 0
        for round in 0..<10 {
            let kept = try journal(folder)
            let keptBytes = kept.reduce(0) { $0 + $1[1] - $1[0] }
            let process = try start(host, folder, sha256: hash)
            // At any moment, that before its first byte too.
            let amount = Int.random(in: 0...600_000)
            #expect(
                eventually { host.bytesSent - sentBefore >= amount || !process.isRunning }, "round \(round)")
            usleep(.random(in: 0...10_000))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            kills += process.terminationReason == .uncaughtSignal ? 1 : 0
            #expect(eventually { host.isIdle })
            for request in host.requests.dropFirst(asked) {
                guard let range = request.range else { continue }
                let isAgain = kept.contains { $0[0] <= range.last ?? .max && range.first < $0[1] }
                #expect(!isAgain, "round \(round): \(request.text) of \(kept)")
            }
            let newBytes = try journal(folder).reduce(0) { $0 + $1[1] - $1[0] } - keptBytes
            // Under way are three parts; and one may be there for which the sync is not through. Beside them what lies in
            // the sockets' buffers.
            #expect(newBytes >= 0 && host.bytesSent - sentBefore - newBytes <= 5 * Self.partBytes + 3 << 20)
            asked = host.requests.count
            sentBefore = host.bytesSent
            #expect(Fixture.read(folder, "x").map { $0 == content } ?? true)
        }
        #expect(kills > 5)
        let process = try start(host, folder, sha256: hash)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(Fixture.read(folder, "x") == content)
        #expect(folder.names() == ["x"])
    }
}

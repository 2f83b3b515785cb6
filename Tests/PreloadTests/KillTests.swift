import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct KillTests {
    private static let kills = 50
    private static let connections = 3
    private static let partBytes = 128 << 10
    /// What the hoster hands to the kernel at once.
    private static let piece = 64 << 10

    /// kill -9 at fifty moments, and each time run again: complete and right in the end, nothing wrong under the final name
    /// in between, and what was checked is not fetched twice.
    @Test func killedAtRandomItGoesOn() throws {
        let seed = ProcessInfo.processInfo.environment["COXSWAIN_SEED"].flatMap(UInt64.init) ?? 20_261_123
        var random = TestRandom(seed: seed)
        let preloading = try Preloading(weightBytes: 4 << 20)
        try preloading.hoster.plan(["rate": 8_000_000])
        let arguments = [
            "fetch", "--part-bytes", String(Self.partBytes), "--connections", String(Self.connections),
        ]
        var (kills, killsOfThis, rounds) = (0, 0, 0)
        while kills < Self.kills {
            let process = try preloading.start(arguments)
            usleep(UInt32.random(in: 5_000...300_000, using: &random))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let isOver = process.terminationReason == .exit
            if isOver {
                #expect(process.terminationStatus == 0, "seed \(seed): \(preloading.log())")
            } else {
                kills += 1
                killsOfThis += 1
            }
            #expect(preloading.isAbsent || preloading.isWhole, "seed \(seed), kill \(kills): half a model is visible")
            guard isOver || !preloading.isAbsent else { continue }
            try check(preloading, kills: killsOfThis, seed: seed)
            try FileManager.default.removeItem(atPath: preloading.path)
            preloading.hoster.forgetRequests()
            killsOfThis = 0
            rounds += 1
        }
        let ended = try preloading.run(arguments)
        #expect(ended.status == 0, "seed \(seed): \(ended.errors)")
        try check(preloading, kills: killsOfThis, seed: seed)
        #expect(rounds > 0)
    }

    private func check(_ preloading: Preloading, kills: Int, seed: UInt64) throws {
        #expect(preloading.isWhole, "seed \(seed)")
        // A kill costs each connection its part, and what was on the way to it.
        let slack = kills * Self.connections * (2 * Self.partBytes + 2 * Self.piece)
        let sent = preloading.hoster.bytesSent
        #expect(
            sent <= preloading.model.bytes + slack,
            "seed \(seed): \(sent) bytes for \(preloading.model.bytes) after \(kills) kills")
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aStopIsObeyedWithinASecond(_ signal: Int32) throws {
        let preloading = try Preloading()
        try preloading.hoster.plan(["rate": 500_000])
        let process = try preloading.start()
        #expect(eventually(within: 10) { preloading.stagedBytes > 100_000 })
        let begin = Date()
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + signal && process.terminationReason == .exit)
        #expect(Date().timeIntervalSince(begin) < 1.5)
        #expect(preloading.isAbsent && preloading.stagedBytes > 0)
        try preloading.hoster.plan([:])
        #expect(try preloading.run().status == 0)
        #expect(preloading.isWhole)
    }

    @Test func aStopWhileAHostIsWaitedForIsObeyedToo() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": "/", "mode": "hang"])
        let process = try preloading.start()
        #expect(eventually(within: 10) { FileManager.default.fileExists(atPath: preloading.root) })
        usleep(200_000)
        let begin = Date()
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 143)
        #expect(Date().timeIntervalSince(begin) < 1.5)
    }
}

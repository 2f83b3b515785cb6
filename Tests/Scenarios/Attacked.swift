import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Clients that mean harm get nowhere: whoever probes is answered as ever. How soon exactly, `Benchmarks/attacks` measures.
    @Suite(.serialized) struct Attacked {
        private static let post =
            "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
        private static let part =
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n"

        private static let attacks = [
            Attack.Plan(
                "headers that drip", connections: 500, "GET / HTTP/1.1\r\nHost: x\r\n", then: "X-A: b\r\n", every: 0.3),
            Attack.Plan(
                "bodies that drip", connections: 500, "\(post)Content-Length: 1000000\r\n\r\n\(part)", then: "x",
                every: 0.3),
            Attack.Plan(
                "10,000 header fields", connections: 4,
                "GET / HTTP/1.1\r\n\((0..<10_000).map { "X-\($0): 1\r\n" }.joined())\r\n"),
            Attack.Plan(
                "a header of 1 MB", connections: 4,
                "GET / HTTP/1.1\r\nX-A: \(String(repeating: "a", count: 1_000_000))\r\n\r\n"),
            Attack.Plan(
                "bodies that never end", connections: 4,
                "\(post)Transfer-Encoding: chunked\r\n\r\n\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n",
                then: "1000\r\n\(String(repeating: "y", count: 0x1000))\r\n"),
            Attack.Plan(
                "chunks that are none", connections: 4,
                "\(post)Transfer-Encoding: chunked\r\n\r\nzzz\r\n\(String(repeating: "?", count: 1000))"),
            Attack.Plan("1,000 connections", connections: 1000, ""),
        ]

        @Test func probesAreAnsweredUnderEachAttack() throws {
            let container = try Container()
            try container.waitUntilReady()
            let api = try #require(container.running("coxswain-ocr", "serve"))
            let calm = try Self.slowest(container)
            for plan in Self.attacks {
                let attack = Attack(plan, port: container.port)
                let slowest = try Self.slowest(container)
                attack.end()
                print(
                    "\(plan): the slowest of \(Self.probes) probes took \(Int(slowest * 1000)) ms; \(Int(calm * 1000)) ms in peace"
                )
                // Generous: the machine does other things too, and a SYN that is lost in the crowd comes again after a second.
                #expect(slowest < 3, "\(plan)")
            }
            #expect(container.running("coxswain-ocr", "serve") == api)
            let document = try Book.pages("en", 15...15, in: container.folder)
            #expect(try container.send(document).status == 200)
            // Nothing of what was begun stays.
            let spool = "output/.coxswain/spool"
            #expect(eventually { container.folder.names(in: spool).isEmpty }, "\(container.folder.names(in: spool))")
        }

        @Test func pidOneAnswersTooWhileTheAPIIsAway() throws {
            let container = try Container(
                settings: "[service.warmup]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 60\"]\n")
            #expect(eventually { (try? container.get("/livez"))?.status == 200 })
            for plan in Self.attacks {
                let attack = Attack(plan, port: container.port)
                #expect(try Self.slowest(container) < 3, "\(plan)")
                attack.end()
            }
            #expect(try container.get("/readyz").status == 503)
        }

        private static let probes = 60

        /// Seconds that the slowest of some probes took.
        private static func slowest(_ container: Container) throws -> Double {
            try (0..<probes).map { _ in
                let start = ConnectionStorm.now()
                let probe = try container.get("/livez")
                #expect(probe.status == 200 && probe.body == "ok\n")
                usleep(5000)
                return ConnectionStorm.now() - start - 0.005
            }.max() ?? 0
        }
    }
}

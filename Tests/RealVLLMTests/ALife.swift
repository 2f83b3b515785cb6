import Foundation
import TestSupport
import Testing

extension RealVLLM {
    /// One container and all that befalls it, since each start of vLLM takes the better part of a minute.
    @Suite(.serialized) struct ALife {
        @Test func fromItsStartThroughEveryFaultToItsEnd() throws {
            let begin = Date()
            let container = try VLLM.container(settings: VLLM.settings(engine: "restart = { limit = 100 }"))
            start(Story("start with progress", container, since: begin))
            let sharedMemory = Self.sharedMemory()
            try tell("a page is read", container) { try pageIsRead(container, $0) }
            try tell("a long generation is no hang", container) { try longGeneration(container, $0) }
            try tell("kill -9 of EngineCore", container) { try killed(.core, container, $0) }
            try tell("kill -9 of the server", container) { try killed(.server, container, $0) }
            #expect(Self.sharedMemory() == sharedMemory, "files in /dev/shm")
            try tell("SIGSTOP of EngineCore under load", container) { try stoppedUnderLoad(container, $0) }
            try tell("SIGSTOP of EngineCore, idle", container) { try stoppedIdle(container, $0) }
            #expect(Self.sharedMemory() == sharedMemory, "files in /dev/shm")
            try tell("SIGTERM with requests in flight", container) { try terminated(container, $0) }
        }

        private func tell(_ title: String, _ container: Container, _ body: (Story) throws -> Void) throws {
            let story = Story(title, container)
            defer { story.tell() }
            do {
                try body(story)
            } catch {
                Issue.record("\(title): \(error)")
                // The next one begins with a container that is well, or not at all.
                try container.waitUntilReady(within: 300)
            }
        }

        /// Files in /dev/shm, whose names are random.
        private static func sharedMemory() -> Int {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []).count
        }

        // MARK: Stories

        private func start(_ story: Story) {
            let container = story.container
            defer { story.tell() }
            var seen: [(progress: Double, remaining: Int?)] = []
            var reasons: [String] = []
            let isReady = eventually(within: 400) {
                usleep(200_000)
                guard let answer = try? container.get("/health"),
                    let body = try? JSONDecoder().decode(HealthBody.self, from: Data(answer.body.utf8))
                else { return false }
                if let reason = body.reason, reasons.last != reason { reasons.append(reason) }
                if answer.status == 200 {
                    #expect(body.status == "healthy" && body.progress == 1)
                    return true
                }
                #expect(answer.status == 503 && body.progress < 1, "\(answer.body)")
                seen.append((body.progress, body.eta_seconds))
                return false
            }
            #expect(isReady, "\(container.log)")
            print("reasons: \(reasons.joined(separator: " | "))")
            print(
                "progress: \(seen.map { "\($0.progress) \($0.remaining.map(String.init) ?? "-")" }.joined(separator: ", "))"
            )
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.progress <= $1.progress }, "it went back")
            let remaining = seen.compactMap(\.remaining)
            #expect(zip(remaining, remaining.dropFirst()).allSatisfy { $0 >= $1 }, "the time left grew")
            #expect(!remaining.isEmpty && reasons.count >= 5, "\(reasons)")
            for phase in ["loading weights", "measuring memory"] { #expect(story.said("engine: \(phase)")) }
            // Each step once.
            let steps = story.records.map(\.record.message).filter { $0.hasPrefix("engine: ") }
            #expect(steps.count < 20, "\(steps)")
        }

        private func pageIsRead(_ container: Container, _ story: Story) throws {
            let answer = try container.send(try Book.pages("en", 15...15, in: container.folder))
            #expect(answer.status == 200, "\(answer)")
            // It is cut off after the tokens that a page may have, and that is said.
            #expect(answer.body.contains(#""outcome":"degraded""#) || answer.body.contains(#""outcome":"ok""#))
            #expect(container.count("\"message\":\"engine started\"") == 1)
        }

        /// Eight pages that the engine reads together for minutes.
        private func longGeneration(_ container: Container, _ story: Story) throws {
            try setPageTokens(12_000, container)
            let document = try Book.pages("en", 8...15, in: container.folder)
            let begin = Date()
            let answer = try container.send(document)
            let took = Date().timeIntervalSince(begin)
            print("eight pages of 12000 tokens, read together: \(Int(took)) s")
            #expect(took > 60, "too quick to prove anything")
            #expect(answer.status == 200, "\(answer.body.prefix(500))")
            for words in ["hangs", "failed", "degraded", "killing"] {
                #expect(!story.records.contains { $0.record.message.contains("engine \(words)") })
            }
            try setPageTokens(400, container)
        }

        /// By SIGHUP: the api alone is replaced.
        private func setPageTokens(_ count: Int, _ container: Container) throws {
            let story = Story("", container)
            try container.rewriteSettings { text in
                text.replacing(/COXSWAIN_PAGE_TOKENS = "\d+"/, with: "COXSWAIN_PAGE_TOKENS = \"\(count)\"")
            }
            container.signal(SIGHUP)
            story.awaitWords("api is ready", within: 30)
            try container.waitUntilReady()
        }

        private func killed(_ part: Container.EnginePart, _ container: Container, _ story: Story) throws {
            let parts = try [.server, .core, .worker].map { try #require(container.pid($0)) }
            let pid = try #require(container.pid(part))
            story.strike()
            kill(pid, SIGKILL)
            story.awaitWords("engine failed after", within: 60)
            story.awaitWords("container is ready", within: 400)
            #expect(story.said(part == .server ? "killed by SIGKILL" : "exited with status 0"))
            // Nobody of the old one lived when the new one started.
            let table = ProcessTable()
            #expect(parts.allSatisfy { table.entries[$0] == nil })
            let gone = try #require(story.after("nothing is left of engine"))
            let started = try #require(story.after("engine started"))
            #expect(gone <= started)
        }

        private func stoppedUnderLoad(_ container: Container, _ story: Story) throws {
            try setPageTokens(3000, container)
            let document = try Book.pages("en", 8...11, in: container.folder)
            let answer = try container.whileSending(document) {
                #expect(eventually(within: 60) { container.enginesRequests > 0 })
                let core = try #require(container.pid(.core))
                story.strike()
                kill(core, SIGSTOP)
                story.awaitWords("engine hangs", within: 60)
                #expect(story.after("engine hangs") ?? .infinity < 30)
                story.awaitWords("engine is ready", within: 400)
            }
            // Nothing of the document is lost.
            #expect(answer.status == 200 && answer.body.contains(#""pages_processed":4"#), "\(answer.body.prefix(500))")
            #expect(!answer.body.contains(#""outcome":"failed""#))
            try setPageTokens(400, container)
        }

        private func stoppedIdle(_ container: Container, _ story: Story) throws {
            let core = try #require(container.pid(.core))
            story.strike()
            kill(core, SIGSTOP)
            // vLLM itself goes on saying that all is well.
            #expect(try HTTPExchange.get("/health", port: container.enginePort, timeout: 10).status == 200)
            story.awaitWords("engine hangs", within: 120)
            #expect(story.after("engine hangs") ?? .infinity < 90)
            story.awaitWords("container is ready", within: 400)
        }

        /// By itself vLLM would wait for its clients without end.
        private func terminated(_ container: Container, _ story: Story) throws {
            try setPageTokens(12_000, container)
            let document = try Book.pages("en", 8...11, in: container.folder)
            let answer = try container.whileSending(document) {
                #expect(eventually(within: 60) { container.enginesRequests > 0 })
                story.strike()
                container.signal(SIGTERM)
                let code = try container.exitCode(within: 30)
                #expect(code == 0)
            }
            #expect(answer.status == 503 && answer.body.contains("send the document again"), "\(answer)")
        }
    }
}

/// `GET /health`, as far as these tests read it.
private struct HealthBody: Decodable {
    var status: String
    var phase: String
    var reason: String?
    var progress: Double
    var eta_seconds: Int?
}

import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A document that was taken is delivered, whatever dies: every page once, and with the text that it has.
    @Suite(.serialized) struct NothingIsLost {
        /// Numbers by which the story is made longer or another one.
        private static func number(_ name: String, or usual: Int) -> Int {
            ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
        }

        private static func begin(
            answer: Double = 0.1, environment: [String: String] = [:]
        ) throws -> (Container, JobClient) {
            let container = try Container(
                settings: FingerprintEngine.services(answer: answer),
                environment: FingerprintEngine.environment.merging(["COXSWAIN_MAX_JOBS": "1000"]) { $1 }
                    .merging(environment) { $1 })
            try container.waitUntilReady()
            return (container, JobClient(port: container.port))
        }

        private static func read(_ documents: [NumberedDocument], _ client: JobClient) throws -> [String] {
            try documents.map { try client.submit($0.bytes, key: "document-\($0.number)").id }
        }

        /// The texts of its pages in order of their numbers.
        private static func texts(of id: String, _ client: JobClient, within seconds: Double) throws -> [String] {
            let result = try client.result(of: id, within: seconds)
            #expect(result.status == "success", "\(result.pages.filter { $0.outcome != "ok" })")
            #expect(result.pages.map(\.number) == Array(1...max(1, result.pages.count)))
            return result.pages.map(\.text)
        }

        /// `COXSWAIN_DOCUMENTS=500 COXSWAIN_KILLS=300` is the long form, `COXSWAIN_SEED` another story.
        @Test(.timeLimit(.minutes(30))) func throughKillsOfEngineAPIAndRenderersAtRandom() throws {
            let count = Self.number("COXSWAIN_DOCUMENTS", or: 60)
            let kills = Self.number("COXSWAIN_KILLS", or: 40)
            let seed = Self.number("COXSWAIN_SEED", or: .random(in: 1...1_000_000))
            print("\(count) documents, \(kills) kills, seed \(seed)")
            var random = TestRandom(seed: UInt64(seed))
            let documents = (1...count).map { NumberedDocument($0, pages: .random(in: 1...4, using: &random)) }

            let undisturbed: [[String]] = try {
                let (container, client) = try Self.begin(answer: 0)
                let ids = try Self.read(documents, client)
                defer { container.signal(SIGKILL) }
                return try ids.map { try Self.texts(of: $0, client, within: 120) }
            }()
            #expect(zip(undisturbed, documents).allSatisfy { $0.count == $1.pages })
            let all = undisturbed.flatMap { $0 }
            #expect(Set(all).count == all.count)

            let (container, client) = try Self.begin(answer: 0.3)
            let ids = try Self.read(documents, client)
            #expect(Set(ids).count == count)
            var killed: [String: Int] = [:]
            for _ in 0..<kills {
                usleep(.random(in: 20_000...700_000, using: &random))
                let victim = ["engine", "api", "renderer"].randomElement(using: &random) ?? ""
                if Self.kill(victim, in: container) { killed[victim, default: 0] += 1 }
            }
            let unfinished = try ids.count { try !client.job($0).isFinished }
            print("killed \(killed); \(unfinished) documents were not finished then")
            for (id, truth) in zip(ids, undisturbed) {
                #expect(try Self.texts(of: id, client, within: 300) == truth, "seed \(seed), job \(id)")
            }
            // One pair of files for each, and nothing in between is left.
            let files = container.folder.names(in: "output").filter { !$0.hasPrefix(".") }
            #expect(files.count == 2 * count, "\(files.count)")
            #expect(container.folder.names(in: "output/.coxswain/spool") == [])
            #expect(killed.values.reduce(0, +) > kills / 2)
        }

        private static func kill(_ victim: String, in container: Container) -> Bool {
            let pid =
                switch victim {
                case "engine": container.processes("python3").first
                case "api": container.running("coxswain-ocr", "serve")
                default: container.processes("coxswain-render").randomElement()
                }
            guard let pid else { return false }
            return Foundation.kill(pid, SIGKILL) == 0
        }

        @Test func throughAKillOfTheContainer() throws {
            let disk = try TestFolder()
            let output = ["OUTPUT_DIR": "\(disk.path)/output"]
            let document = NumberedDocument(7, pages: 30)
            let id: String
            do {
                let (container, client) = try Self.begin(answer: 0.2, environment: output)
                id = try client.submit(document.bytes, key: "seven").id
                #expect(eventually { ((try? client.job(id))?.pages_done ?? 0) >= 5 })
                container.signal(SIGKILL)
                _ = try container.exitCode()
            }
            let (container, client) = try Self.begin(answer: 0, environment: output)
            // The same request again is the same job.
            #expect(try client.submit(document.bytes, key: "seven").id == id)
            let texts = try Self.texts(of: id, client, within: 60)
            #expect(Set(texts).count == 30)
            #expect(container.logged("going on with documents that were not finished"))
            let count = try String(contentsOfFile: "\(container.folder.path)/count", encoding: .utf8)
            // What was read is not read again.
            #expect(count.split(separator: "\n").count { texts.contains(String($0)) } <= 25)
        }

        @Test func aStopOfTheContainerTellsWhoWaitsWhereToAsk() throws {
            let disk = try TestFolder()
            let output = ["OUTPUT_DIR": "\(disk.path)/output"]
            let file = try NumberedDocument(8, pages: 20).write(in: disk)
            let id: String
            do {
                let (container, _) = try Self.begin(answer: 3, environment: output)
                let answer = try container.whileSending(file) {
                    #expect(eventually { FileManager.default.fileExists(atPath: "\(container.folder.path)/count") })
                    usleep(500_000)
                    container.signal(SIGTERM)
                }
                #expect(answer.status == 202, "\(answer)")
                id = try JSONDecoder().decode(JobClient.Job.self, from: Data(answer.body.utf8)).id
                #expect(try container.exitCode() == 0)
            }
            let (container, client) = try Self.begin(answer: 0, environment: output)
            #expect(try container.get("/readyz").status == 200)
            #expect(try Self.texts(of: id, client, within: 60).count == 20)
        }

        @Test func aPageThatKillsTheEngineTwiceIsLeftAlone() throws {
            let (container, client) = try Self.begin(answer: 0.2)
            let innocent = (1...6).map { NumberedDocument($0, pages: 3) }
            var ids = try Self.read(Array(innocent[..<3]), client)
            let poison = try client.submit(Self.poisonous(pages: 4, at: 2), key: "poison").id
            ids += try Self.read(Array(innocent[3...]), client)
            let result = try client.result(of: poison, within: 60)
            #expect(result.status == "partial")
            #expect(result.pages.map(\.outcome) == ["ok", "failed", "ok", "ok"])
            #expect(result.pages[1].reason?.contains("crashed twice") == true)
            for id in ids { _ = try Self.texts(of: id, client, within: 60) }
            // Twice, and not once more.
            #expect(container.count("engine failed after") == 2)
            #expect(container.logged("is quarantined"))
        }

        /// A document of which one page is a wide strip, which the engine does not survive.
        private static func poisonous(pages: Int, at strip: Int) -> [UInt8] {
            let kids = (0..<pages).map { "\(3 + $0) 0 R" }.joined(separator: " ")
            var objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count \(pages)/Kids[\(kids)]>>"]
            for page in 1...pages {
                let box = page == strip ? "600 61" : "200 \(200 + page)"
                objects.append("<</Type/Page/Parent 2 0 R/MediaBox[0 0 \(box)]>>")
            }
            let body = objects.enumerated().map { "\($0.offset + 1) 0 obj\n\($0.element)\nendobj\n" }.joined()
            return Array("%PDF-1.4\n\(body)trailer<</Size \(objects.count + 1)/Root 1 0 R>>\n%%EOF\n".utf8)
        }
    }
}

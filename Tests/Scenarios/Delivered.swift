import Downloads
import Foundation
import ObjectStore
import StoreSettings
import TestSupport
import Testing

extension Scenarios {
    /// Documents that come from an object store, and results that go there: a real one, which checks signatures.
    @Suite(
        .serialized, .timeLimit(.minutes(3)),
        .enabled(if: S3Server.isMissing == nil, "a real S3 server cannot be started here: \(S3Server.isMissing ?? "")"))
    struct Delivered {
        private struct Result: Decodable {
            var id: String
            var status: String
            var local_files: Answer.Files
            var s3_files: Answer.Files?
            var deliveries: [Delivery]?
        }

        private struct Delivery: Decodable {
            var kind: String
            var target: String
            var status: String
            var attempts: Int
            var detail: String?
        }

        private func result(_ body: String) throws -> Result {
            try JSONDecoder().decode(Result.self, from: Data(body.utf8))
        }

        /// As the replaced container was told of its bucket.
        private static func variables(_ server: S3Server) -> [String: String] {
            [
                "CLOUDRU_S3_ENDPOINT": server.url, "CLOUDRU_S3_BUCKET": S3Server.bucket,
                "CLOUDRU_S3_ACCESS_KEY": S3Server.accessKey, "CLOUDRU_S3_SECRET_KEY": S3Server.secretKey,
                "AWS_REGION": S3Server.region,
            ]
        }

        private func object(_ place: String, _ server: S3Server) throws -> [UInt8] {
            let settings = try ObjectStoreSettings(environment: server.environment)
            let place = try #require(ObjectPlace(place))
            return try Downloader().text(
                settings.bucket(place.bucket).url(of: place.key), signing: settings.signing
            ).body
        }

        /// Without a word more than the replaced container was started with, to the same place under the same names.
        @Test func toWhereTheReplacedContainerPutThem() throws {
            let server = try S3Server.shared.get()
            let container = try Container(environment: Self.variables(server))
            try container.waitUntilReady()
            #expect(try container.get("/health").body.contains("\"s3_storage\":\"configured\""))
            let document = try Book.pages("en", 15...15, in: container.folder)
            let answer = try container.send(document, fileName: "Счёт №7.pdf")
            #expect(answer.status == 200)
            let made = try result(answer.body)
            let files = try #require(made.s3_files, "\(answer.body)")
            for (place, local) in [(files.markdown, made.local_files.markdown), (files.json, made.local_files.json)] {
                let name = URL(fileURLWithPath: local).lastPathComponent
                #expect(place == "s3://\(S3Server.bucket)/ocr-results/\(name)")
                #expect(try object(place, server) == Array(Data(contentsOf: URL(fileURLWithPath: local))))
            }
            #expect(!container.logged("Счёт") && !container.logged(S3Server.secretKey))
        }

        /// The store is away, the api is killed, the store comes back: what was promised is there, and nobody waited for it.
        @Test func anOutageOfTheStoreLosesNothing() throws {
            // Its own, since it dies.
            let server = try S3Server()
            let container = try Container(environment: Self.variables(server))
            try container.waitUntilReady()
            server.kill()
            let document = try Book.pages("en", 15...15, in: container.folder)
            // The second does not wait, as the first does, for the first try of its upload.
            let waiting = try container.send(document)
            #expect(waiting.status == 200)
            let id = try JSONDecoder().decode(
                JobClient.Job.self, from: Data(container.send(document, to: "/jobs").body.utf8)
            ).id
            #expect(eventually { (try? container.get("/jobs/\(id)").body.contains("\"status\":\"waiting\"")) ?? false })
            let made = [try result(waiting.body), try result(container.get("/jobs/\(id)/result").body)]
            for result in made {
                #expect(result.status == "success" && result.s3_files == nil)
                #expect(result.deliveries?.map(\.status) == ["waiting"])
                #expect(FileManager.default.fileExists(atPath: result.local_files.markdown))
            }
            #expect(made[0].deliveries?.first?.detail != nil)
            #expect(container.logged("\"level\":\"warning\"") && container.logged(made[0].id), "\(container.log)")
            let api = try #require(container.running("coxswain-ocr", "serve"))
            kill(api, SIGKILL)
            try server.startAgain()
            #expect(eventually { container.running("coxswain-ocr", "serve").map { $0 != api } ?? false })
            try container.waitUntilReady()
            for result in made {
                let target = "/jobs/\(result.id)/result"
                #expect(
                    eventually(within: 60) {
                        (try? self.result(container.get(target).body))?.deliveries?.map(\.status) == ["done"]
                    }, "\((try? container.get(target).body) ?? "")")
                let files = try #require(try self.result(container.get(target).body).s3_files)
                let local = try Data(contentsOf: URL(fileURLWithPath: result.local_files.markdown))
                #expect(try object(files.markdown, server) == Array(local))
            }
        }

        /// The api is killed in the middle of an upload, and of a webhook's answer: each was promised, and is made.
        @Test func whatWasUnderWayWhenTheApiWasKilledIsMadeAgain() throws {
            let server = try S3Server.shared.get()
            let store = try Front(to: server.port, holding: "PUT /\(S3Server.bucket)/ocr-results/")
            let folder = try TestFolder()
            let (secret, record) = ("73656372657420656e6f756768206d6179206265", "\(folder.path)/record")
            let receiver = try ScriptedServer("../WebhooksTests/receiver.py", [secret, record], beside: #filePath)
            let hook = try Front(to: receiver.port, holding: "HTTP/1.1 200")
            let container = try Container(
                environment: Self.variables(server).merging([
                    "CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:\(store.port)", "COXSWAIN_WEBHOOKS": "true",
                    "COXSWAIN_WEBHOOK_SECRET": "secret enough may be", "COXSWAIN_EGRESS_NETWORKS": "127.0.0.0/8",
                ]) { $1 })
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            let hookURL = "http://127.0.0.1:\(hook.port)/status/200"
            let answer = try container.send(document, to: "/jobs", fields: ["webhook": hookURL])
            let id = try JSONDecoder().decode(JobClient.Job.self, from: Data(answer.body.utf8)).id
            for front in [store, hook] {
                #expect(eventually { front.isHolding }, "\(container.log)")
                let api = try #require(container.running("coxswain-ocr", "serve"))
                kill(api, SIGKILL)
                #expect(eventually { container.running("coxswain-ocr", "serve").map { $0 != api } ?? false })
                front.release()
            }
            func made() throws -> Result { try result(container.get("/jobs/\(id)/result").body) }
            #expect(
                eventually(within: 60) { (try? made())?.deliveries?.map(\.status) == ["done", "done"] },
                "\(container.log)")
            let made = try made()
            let files = try #require(made.s3_files)
            for (place, local) in [(files.markdown, made.local_files.markdown), (files.json, made.local_files.json)] {
                #expect(try object(place, server) == Array(Data(contentsOf: URL(fileURLWithPath: local))))
            }
            // Told twice, since the first answer was never read; and by the same name, so that it is known for a repeat.
            let messages = try String(contentsOfFile: record, encoding: .utf8).split(separator: "\n")
            #expect(messages.count == 2 && messages.allSatisfy { $0.contains("\"verified\": true") }, "\(messages)")
            let names = messages.compactMap { $0.firstMatch(of: /"webhook-id": "(\w+)"/)?.1 }
            #expect(names.count == 2 && Set(names).count == 1 && messages.allSatisfy { $0.contains(id) })
        }

        /// A document is named instead of sent, and what names it may go nowhere else.
        @Test func fromThereToThere() throws {
            let server = try S3Server.shared.get()
            let variables = server.environment.merging(
                ["COXSWAIN_S3_ALLOW": "s3://bucket/in/,s3://bucket/out/"]) { $1 }
            let container = try Container(environment: variables)
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: document))
            let size = try Data(contentsOf: URL(fileURLWithPath: document)).count
            let store = ObjectStore(try ObjectStoreSettings(environment: server.environment))
            for key in ["in/a b+c%.pdf", "secret/x.pdf"] {
                try store.put(
                    file.fileDescriptor, bytes: size, to: try #require(ObjectPlace("s3://bucket/\(key)")),
                    contentType: "application/pdf", isCancelled: { false })
            }
            func post(_ members: [String: String]) throws -> (status: Int, body: String) {
                let body = String(decoding: try JSONEncoder().encode(members), as: UTF8.self)
                let answer = try Shell.run(
                    "curl",
                    [
                        "-sS", "-m", "60", "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "-d", body,
                        "http://127.0.0.1:\(container.port)/ocr/pdf",
                    ])
                let lines = answer.output.split(separator: "\n", omittingEmptySubsequences: false)
                return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
            }
            let answer = try post(["url": "s3://bucket/in/a b+c%.pdf", "output": "s3://bucket/out/here/"])
            #expect(answer.status == 200, "\(answer)")
            let files = try #require(try result(answer.body).s3_files, "\(answer.body)")
            #expect(files.markdown.hasPrefix("s3://bucket/out/here/"))
            #expect(try !object(files.markdown, server).isEmpty)
            #expect(try post(["url": "s3://bucket/secret/x.pdf"]).status == 403)
            #expect(try post(["url": "s3://bucket/in/../secret/x.pdf"]).status == 422)
            #expect(try post(["url": "s3://bucket/in/none.pdf"]).status == 502)
            #expect(try post(["url": "http://127.0.0.1/x.pdf"]).status == 403)
        }
    }
}

import Document
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// From nothing to a document's text.
    @Suite(.serialized) struct TheBoatFloats {
        /// Three pages of running text each; the limit is the product's promise.
        @Test(arguments: [("en", [15, 41, 51]), ("ru", [15, 43, 62])])
        func aRealDocumentComesBackAsItsText(language: String, numbers: [Int]) throws {
            let container = try Container()
            try container.waitUntilReady()
            let document = try Book.pages(language, numbers, in: container.folder)
            let answer = try container.send(document)
            #expect(answer.status == 200, "\(answer.body)")
            let result = try Answer(answer.body)
            #expect(result.status == "success" && result.pages_processed == numbers.count)
            for page in result.pages {
                #expect(page.outcome == "ok")
                let error = CharacterErrorRate.between(
                    recognised: page.text, reference: try Book.text(of: document, page: page.number))
                #expect(error <= 0.02, "page \(page.number) in \(language)")
            }
            // What is written is what was answered, under the replaced container's names.
            let markdown = try String(contentsOfFile: result.local_files.markdown, encoding: .utf8)
            #expect(markdown == result.markdown)
            let name = try #require(result.local_files.markdown.split(separator: "/").last)
            #expect(name.wholeMatch(of: /\d{8}_\d{6}_.+\.md/) != nil)
            let onDisk = try Answer(String(contentsOfFile: result.local_files.json, encoding: .utf8))
            #expect(onDisk.pages.map(\.text) == result.pages.map(\.text))
        }

        @Test func theReplacedContainersClientKeepsWorking() throws {
            let container = try Container(environment: [
                "USE_VLM_API": "false", "COXSWAIN_ENGINE": "", "VLLM_URL": "http://127.0.0.1:8080/v1/markdown",
            ])
            try container.waitUntilReady()
            let root = try container.get("/")
            for field in ["service", "version", "description", "vllm_url", "use_vlm_api", "endpoints"] {
                #expect(root.body.contains("\"\(field)\""), "\(field) in \(root.body)")
            }
            let health = try container.get("/health")
            #expect(health.status == 200 && health.body.contains(#""status":"healthy""#))
            #expect(health.body.contains(#""vllm_url":"http://127.0.0.1:8080/v1/markdown""#))
            let refused = try container.send("/etc/hostname")
            #expect(refused.status == 400 && refused.body.contains(#""detail":"File must be a PDF"#))
        }

        @Test func theProcessTreeIsAsDrawn() throws {
            let container = try Container()
            try container.waitUntilReady()
            let table = ProcessTable()
            let children = table.below(container.supervisor).filter { $0.parent == container.supervisor }
            #expect(children.allSatisfy { $0.program == "coxswain-shim" } && children.count == 2)
            let services = children.flatMap { child in table.below(child.pid).filter { $0.parent == child.pid } }
            #expect(Set(services.map(\.program)) == ["coxswain-tesseract", "coxswain-ocr"])
            let state = try FileManager.default.attributesOfItem(atPath: "\(container.folder.path)/output/.coxswain")
            #expect(state[.posixPermissions] as? Int == 0o700)
        }

        @Test func theAPIOutlivesNoSecretIntoTheEngine() throws {
            let container = try Container(environment: [
                "CLOUDRU_S3_SECRET_KEY": "canary-s3", "AWS_SECRET_ACCESS_KEY": "canary-aws", "HF_TOKEN": "canary-hf",
            ])
            try container.waitUntilReady()
            let engine = try #require(container.processes("coxswain-tesseract").first)
            let environment = try String(contentsOfFile: "/proc/\(engine)/environ", encoding: .utf8)
            #expect(!environment.contains("canary"))
        }
    }
}

/// The answer of `POST /ocr/pdf`, as far as scenarios read it.
struct Answer: Decodable {
    var status: String
    var pages_processed: Int
    var markdown: String?
    var local_files: Files
    var pages: [Page]

    struct Files: Decodable { var markdown: String, json: String }

    struct Page: Decodable {
        var number: Int
        var outcome: String
        var text: String
        var attempts: Int
    }

    init(_ text: String) throws { self = try JSONDecoder().decode(Answer.self, from: Data(text.utf8)) }
}

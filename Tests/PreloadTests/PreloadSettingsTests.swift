import Downloads
import ObjectStore
import Preload
import StoreSettings
import Testing
import VariableCatalog

@Suite struct PreloadSettingsTests {
    private func settings(_ environment: [String: String]) throws -> PreloadSettings {
        try PreloadSettings(environment: ["HOME": "/home/x"].merging(environment) { $1 })
    }

    @Test func withoutAnythingSet() throws {
        let settings = try settings([:])
        #expect(settings.models == ["PaddleOCR-VL-0.9B"])
        #expect(settings.root == "/home/x/.paddlex/official_models")
        #expect(settings.sources == [.hub, .archive])
        #expect(settings.hub.description == "https://huggingface.co")
        #expect(!settings.isOffline && settings.remarks.isEmpty && settings.store.signing == nil)
    }

    @Test func theRootIsWherePaddleXLooks() throws {
        #expect(try settings(["PADDLEX_HOME": "/p"]).root == "/p/official_models")
        #expect(try settings(["PADDLEX_HOME": "/p", "PADDLE_PDX_CACHE_HOME": "/q/"]).root == "/q/official_models")
        #expect(try settings(["PADDLE_PDX_CACHE_HOME": "/q", "COXSWAIN_MODEL_ROOT": "/m/"]).root == "/m")
        #expect(throws: VariableProblem.self) { try settings(["COXSWAIN_MODEL_ROOT": "models"]) }
    }

    @Test func sourcesInOrder() throws {
        let text = "/mnt/models, s3://weights/ocr/v1/ ,https://files.example/models/,huggingface"
        let sources = try settings(["COXSWAIN_MODEL_SOURCES": text]).sources
        #expect(
            sources.map(\.description) == [
                "/mnt/models", "s3://weights/ocr/v1", "https://files.example/models", "huggingface",
            ])
        #expect(try settings(["PADDLE_PDX_MODEL_SOURCE": "bos"]).sources == [.archive, .hub])
        let other = try settings(["PADDLE_PDX_MODEL_SOURCE": "modelscope"])
        #expect(other.sources == [.hub, .archive] && other.remarks.count == 1)
    }

    @Test(arguments: [
        "ftp://x/y", "models", "", ",", "s3://", "s3://UPPER!/x", "http://example.com/m", "https://user:secret@host/m",
        "https://host/m?x=1", "https://",
    ]) func refusesTheSource(_ text: String) {
        guard !text.isEmpty else { return }
        do {
            _ = try settings(["COXSWAIN_MODEL_SOURCES": text])
            Issue.record("\(text) was taken")
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }

    @Test func httpIsForThisMachineAndForWhatTheOperatorNames() throws {
        for near in ["http://localhost:8000/m", "http://127.0.0.1/m", "http://127.9.9.9/m", "http://[::1]:80/m"] {
            #expect(try settings(["COXSWAIN_MODEL_SOURCES": near]).sources.count == 1)
        }
        for far in ["http://127.0.0.1.example.com/m", "http://localhost.example/m", "http://10.0.0.1/m"] {
            #expect(throws: VariableProblem.self) { try settings(["COXSWAIN_MODEL_SOURCES": far]) }
        }
        let mirror = try settings(["HF_ENDPOINT": "http://mirror.internal:9000"])
        #expect(mirror.hub.authority == "mirror.internal:9000" && mirror.remarks.count == 1)
    }

    @Test func offlineIsSaidByEitherAndOursIsLast() throws {
        #expect(try settings(["HF_HUB_OFFLINE": "1"]).isOffline)
        #expect(try settings(["HF_HUB_OFFLINE": "1", "COXSWAIN_OFFLINE": "false"]).isOffline == false)
        #expect(try settings(["COXSWAIN_OFFLINE": "yes"]).offlineReason == "COXSWAIN_OFFLINE")
        #expect(throws: VariableProblem.self) { try settings(["COXSWAIN_OFFLINE": "perhaps"]) }
    }

    @Test func keysOfABucketComeInPairs() throws {
        let own = try settings(["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"])
        #expect(own.store.signing?.region == "eu-west-1" && own.store.signing?.accessKey == "a")
        let replaced = try settings([
            "CLOUDRU_S3_ACCESS_KEY": "c", "CLOUDRU_S3_SECRET_KEY": "d", "CLOUDRU_S3_ENDPOINT": "https://s3.cloud.ru",
        ])
        #expect(replaced.store.signing?.secretKey == "d" && replaced.store.endpoint?.authority == "s3.cloud.ru")
        #expect(throws: VariableProblem.self) { try settings(["AWS_ACCESS_KEY_ID": "a"]) }
    }

    @Test func aTokenIsOneWord() {
        #expect(throws: VariableProblem.self) { try settings(["HF_TOKEN": "a\r\nX: y"]) }
    }
}

import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct SourceTests {
    @Test func theVendorsArchive() throws {
        let preloading = try Preloading()
        try preloading.archive()
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(preloading.hoster.requests().count == 1)
    }

    @Test func anArchiveThatIsCutIsGoneOnWith() throws {
        let preloading = try Preloading()
        try preloading.archive()
        try preloading.hoster.rules(["match": ".tar", "mode": "cut", "after": 2_000_000])
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test(arguments: ["longer", "shorter"]) func anArchiveOfAnotherLengthIsNoModel(_ mode: String) throws {
        let preloading = try Preloading()
        try preloading.archive()
        try preloading.hoster.rules(["match": ".tar", "mode": mode, "by": 200_000])
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        #expect(ended.status != 0 && preloading.isAbsent, "\(ended.errors)")
    }

    @Test func anArchiveWithAWrongByteIsNoModel() throws {
        let preloading = try Preloading()
        try preloading.archive()
        let lock = try preloading.run(["list", "--lock"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        try preloading.folder.write("manifests/test.toml", lock.output)
        try preloading.hoster.rules(["match": ".tar", "mode": "bytes", "at": 3_000_000])
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        #expect(ended.status == 69 && preloading.isAbsent && ended.says("SHA-256"), "\(ended.errors)")
    }

    @Test func aPlainDirectoryWithALock() throws {
        let preloading = try Preloading()
        let directory = "\(preloading.hoster.root)/plain/Test-VL"
        try preloading.model.write(to: directory)
        let without = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "\(preloading.hoster.url)/plain"])
        #expect(without.status == 69 && without.says("coxswain-model.toml"), "\(without.errors)")
        let lock = try preloading.run(["list", "--lock"])
        #expect(lock.status == 0, "\(lock.errors)")
        try lock.output.write(toFile: "\(directory)/coxswain-model.toml", atomically: true, encoding: .utf8)
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "\(preloading.hoster.url)/plain"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(!ended.says("no hash"))
    }

    @Test func aBucket() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: "\(preloading.hoster.root)/weights/v 1/Test-VL")
        try preloading.hoster.plan(["buckets": ["weights"], "page": 2])
        let variables = ["COXSWAIN_MODEL_SOURCES": "s3://weights/v 1", "AWS_ENDPOINT_URL": preloading.hoster.url]
        let without = try preloading.run(["fetch"], variables)
        #expect(without.status == 69 && without.says("AWS_ACCESS_KEY_ID"), "\(without.errors)")
        let keys = ["AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "hidden-key"]
        let ended = try preloading.run(["fetch"], variables.merging(keys) { $1 })
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(ended.says("no hash") && !ended.says("hidden-key"))
        let hosted = preloading.hoster.requests()
        #expect(hosted.contains { $0.headers["authorization"]?.contains("test:tester/") == true })
        let missing = try preloading.run(
            ["fetch"],
            variables.merging(keys) { $1 }.merging([
                "COXSWAIN_MODEL_SOURCES": "s3://weights/other", "COXSWAIN_MODEL_ROOT": "\(preloading.folder.path)/b",
            ]) { $1 })
        #expect(missing.status == 69 && missing.says("s3://weights/other/Test-VL"), "\(missing.errors)")
    }

    @Test func aLockedManifestAsksForNoListAndMissesNothing() throws {
        let preloading = try Preloading()
        let lock = try preloading.run(["list", "--lock"])
        #expect(lock.status == 0, "\(lock.errors)")
        try preloading.folder.write("manifests/test.toml", lock.output)
        preloading.hoster.forgetRequests()
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(!preloading.hoster.requests().contains { $0.path.contains("/api/") })
        // The repository goes on; the lock does not.
        let other = ModelOnDisk(seed: 3)
        try other.write(to: "\(preloading.hoster.root)/models/\(Preloading.repository)")
        try FileManager.default.removeItem(atPath: preloading.path)
        let gone = try preloading.run()
        #expect(gone.status == 69 && preloading.isAbsent, "\(gone.errors)")
    }
}

import Foundation
import TestSupport
import Testing

/// Each ends right, or fails clearly; and nothing wrong is ever under the final name.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HostileHosterTests {
    private static let weights = "model-00001"

    @Test func fetchesAModelAndThenLeavesItAlone() throws {
        let preloading = try Preloading()
        try preloading.hoster.plan(["page": 3])
        let first = try preloading.run()
        #expect(first.status == 0, "\(first.errors)")
        #expect(preloading.isWhole)
        #expect(preloading.names == ["Test-VL"])
        preloading.hoster.forgetRequests()
        let second = try preloading.run()
        #expect(second.status == 0 && preloading.hoster.requests().isEmpty, "\(second.errors)")
        #expect(try preloading.run(["verify", "--deep"]).status == 0)
    }

    @Test func aConnectionThatIsCutIsGoneOnWith() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": Self.weights, "mode": "cut", "after": 1_000_000, "times": 2])
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        let of = preloading.hoster.requests().filter { $0.path.contains(Self.weights) }
        #expect(of.contains { $0.first > 0 && $0.status == 206 })
        // Beyond the model itself only what was in flight when the connection went.
        #expect(of.reduce(0) { $0 + $1.sent } < (3 << 20) + 500_000)
    }

    @Test(arguments: ["longer", "shorter"]) func aWrongLengthIsNoModel(_ mode: String) throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": Self.weights, "mode": mode, "by": 1000])
        let ended = try preloading.run()
        #expect([69, 75].contains(ended.status), "\(ended.errors)")
        #expect(preloading.isAbsent && ended.says(Self.weights), "\(ended.errors)")
        try preloading.hoster.plan([:])
        #expect(try preloading.run().status == 0)
        #expect(preloading.isWhole)
    }

    @Test(arguments: ["model-00001", "config.json"]) func wrongBytesAreFound(_ file: String) throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": "/\(file)", "mode": "bytes", "at": 20])
        let ended = try preloading.run()
        #expect([69, 75].contains(ended.status) && preloading.isAbsent && ended.says(file), "\(ended.errors)")
        try preloading.hoster.rules(["match": "/\(file)", "mode": "bytes", "at": 20, "times": 1])
        let again = try preloading.run()
        // Once is chance: the file is asked for again, now or at the next start.
        if again.status != 0 { #expect(try preloading.run().status == 0) }
        #expect(preloading.isWhole, "\(again.errors)")
    }

    @Test func rangesMayBeIgnored() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(
            ["match": Self.weights, "mode": "cut", "after": 1_000_000, "times": 1],
            ["match": Self.weights, "mode": "whole"])
        let ended = try preloading.run(["fetch", "--part-bytes", "1048576"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test func aHostThatIsBusyIsWaitedFor() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(
            ["match": "/api/", "mode": "status", "status": 429, "retry": 1, "times": 1],
            ["match": Self.weights, "mode": "status", "status": 429, "retry": 1, "times": 1])
        let begin = Date()
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(Date().timeIntervalSince(begin) >= 1.9)
    }

    @Test func aFewErrorsOfTheServerAreNoEnd() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(
            ["match": "/tree/", "mode": "status", "status": 503, "times": 1],
            ["match": "config.json", "mode": "status", "status": 500, "times": 2])
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test func aTokenGoesToItsHostAlone() throws {
        let preloading = try Preloading()
        let other = try Hoster()
        try preloading.model.write(to: "\(other.root)/models/\(Preloading.repository)")
        try preloading.hoster.plan(["token": "hf_secret", "cdn": other.url])
        let without = try preloading.run()
        #expect(without.status == 69 && without.says("HF_TOKEN"), "\(without.errors)")
        let ended = try preloading.run(["fetch"], ["HF_TOKEN": "hf_secret"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(!other.requests().isEmpty)
        #expect(other.requests().allSatisfy { $0.headers["authorization"] == nil })
        #expect(preloading.hoster.requests().contains { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(!ended.says("hf_secret") && !without.says("hf_secret"))
    }

    @Test func aTokenIsNotSentToTheNextPageElsewhere() throws {
        let preloading = try Preloading()
        let other = try Hoster()
        try preloading.hoster.plan([
            "token": "hf_secret",
            "rules": [["match": "/api/models/", "mode": "redirect", "to": other.url]],
        ])
        let ended = try preloading.run(["fetch"], ["HF_TOKEN": "hf_secret"])
        #expect(ended.status != 0 && preloading.isAbsent)
        #expect(other.requests().allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test func aSlowTrickleIsSlowAndNotWrong() throws {
        let preloading = try Preloading(weightBytes: 200_000)
        try preloading.hoster.rules(["match": "config.json", "mode": "trickle", "rate": 40])
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test func aFileThatChangesBetweenTwoRunsIsTheNewOne() throws {
        let preloading = try Preloading()
        try preloading.hoster.plan(["rate": 4_000_000])
        let process = try preloading.start(["fetch", "--part-bytes", "262144"])
        #expect(eventually(within: 10) { preloading.stagedBytes > 1_500_000 })
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(preloading.isAbsent)
        preloading.model = ModelOnDisk(seed: 99)
        try preloading.model.write(to: "\(preloading.hoster.root)/models/\(Preloading.repository)")
        try preloading.hoster.plan([:])
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test func aFileThatChangesWhileItIsFetchedIsNeverHalfOfEach() throws {
        let preloading = try Preloading()
        let other = ModelOnDisk(seed: 5).files["model-00001-of-00002.safetensors"] ?? Data()
        try other.write(to: URL(fileURLWithPath: "\(preloading.hoster.root)/other"))
        try preloading.hoster.rules(
            ["match": Self.weights, "mode": "cut", "after": 1_000_000, "times": 1],
            ["match": Self.weights, "mode": "swap", "with": "other"])
        let ended = try preloading.run()
        #expect(ended.status != 0 && preloading.isAbsent, "\(ended.errors)")
    }

    @Test func namesThatLeadElsewhereAreRefused() throws {
        let preloading = try Preloading()
        let blob = String(repeating: "0", count: 40)
        for path in ["../../../tmp/x", "/etc/x", "a/../../x", "x\\u001b[31m", ""] {
            try preloading.hoster.rules(
                ["match": "/revision/", "mode": "status", "status": 200, "text": "{\"sha\":\"\(blob)\"}"],
                [
                    "match": "/tree/", "mode": "status", "status": 200,
                    "text": "[{\"type\":\"file\",\"path\":\"\(path)\",\"size\":1,\"oid\":\"\(blob)\"}]",
                ])
            let ended = try preloading.run()
            #expect(ended.status == 69 && preloading.isAbsent, "\(path): \(ended.errors)")
            #expect(!ended.says("\u{1B}"))
        }
    }

    @Test func theNextSourceIsTakenAndTheStoryIsTold() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": "/api/", "mode": "status", "status": 404, "text": "\u{1B}[31mgone"])
        let failed = try preloading.run()
        #expect(failed.status == 69 && failed.says("127.0.0.1:\(preloading.hoster.port)"), "\(failed.errors)")
        #expect(!failed.says("[31m"))
        try preloading.archive()
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "huggingface,archive"])
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
        #expect(ended.messages.contains { $0.contains("could not be fetched from huggingface") })
    }

    /// What is missing, who was asked and how that failed, and what to do: no try later makes a network.
    @Test func whereNobodyCanBeReachedThatIsSaidAtOnce() throws {
        let preloading = try Preloading()
        let sources = ["COXSWAIN_MODEL_SOURCES": "huggingface,https://nowhere.invalid/models"]
        let ended = try preloading.run(["fetch"], sources.merging(["HF_ENDPOINT": "http://127.0.0.1:1"]) { $1 })
        #expect(ended.status == 69 && preloading.isAbsent, "\(ended.errors)")
        #expect(
            ended.says("127.0.0.1:1: no connection") && ended.says("nowhere.invalid: its name could not be resolved"))
        #expect(ended.says("Test-VL is not there") && ended.says("Mount a complete \(preloading.root)/Test-VL"))
    }

    /// One that answers, if only with errors, may have a better day, whoever else cannot be reached.
    @Test func oneThatAnswersIsWorthAnotherTry() throws {
        let preloading = try Preloading()
        try preloading.hoster.rules(["match": "/api/", "mode": "status", "status": 503, "retry": 0])
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "huggingface,http://127.0.0.1:1/models"])
        #expect(ended.status == 75 && ended.says("tried again"), "\(ended.errors)")
    }
}

extension Preloading {
    /// Bytes on the disk of what is not complete.
    var stagedBytes: Int {
        let staging = "\(root)/.Test-VL.partial"
        return (FileManager.default.subpaths(atPath: staging) ?? []).reduce(0) { sum, name in
            var status = stat()
            guard lstat("\(staging)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return sum }
            return sum + Int(status.st_blocks) * 512
        }
    }
}

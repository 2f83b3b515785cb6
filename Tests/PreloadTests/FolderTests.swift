import Foundation
import TestSupport
import Testing

/// The folder for models as people have it: shared, read-only, full, half-written, without a network.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FolderTests {
    static let isRoot = getuid() == 0

    @Test func twoAtOnceFetchOnce() throws {
        let preloading = try Preloading()
        try preloading.hoster.plan(["rate": 3_000_000])
        let processes = try (0..<2).map { try preloading.start(log: "log\($0)") }
        for process in processes {
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(preloading.log("log0"))\(preloading.log("log1"))")
        }
        #expect(preloading.isWhole && preloading.names == ["Test-VL"])
        #expect(preloading.hoster.bytesSent <= preloading.model.bytes)
        let logs = [preloading.log("log0"), preloading.log("log1")]
        #expect(logs.count { $0.contains("is there: ") } == 1)
        #expect(logs.count { $0.contains("waiting for") && $0.contains("fetched by another") } == 1, "\(logs)")
    }

    @Test(.enabled(if: isRoot, "SKIPPED: a read-only folder stops nobody but another user, which needs root"))
    func weightsInAReadOnlyFolderAreTakenAsTheyAre() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        try Shell.run("chmod", ["-R", "a+rX,a-w", preloading.folder.path])
        defer { _ = try? Shell.run("chmod", ["-R", "u+w", preloading.folder.path]) }
        let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        let ended = try preloading.run(wrapper: wrapper)
        #expect(ended.status == 0 && preloading.hoster.requests().isEmpty, "\(ended.errors)")
        #expect(try preloading.run(["verify", "--deep"], wrapper: wrapper).status == 0)
        try FileManager.default.removeItem(atPath: "\(preloading.path)/config.json")
        let incomplete = try preloading.run(wrapper: wrapper)
        #expect(incomplete.status == 69 && incomplete.says("read-only"), "\(incomplete.errors)")
    }

    @Test(.enabled(if: isRoot, "SKIPPED: a small disk is a tmpfs, which needs root"))
    func aFullDiskIsSaidAndLeftClean() throws {
        let preloading = try Preloading()
        try FileManager.default.createDirectory(atPath: preloading.root, withIntermediateDirectories: true)
        let small = [
            "unshare", "--mount", "sh", "-c",
            "mount -t tmpfs -o size=2m none \"$0\" && \"$@\"; s=$?; ls -A \"$0\"; exit $s",
        ]
        // Sizes are known: it is said before anything is fetched.
        let before = try preloading.run(wrapper: small + [preloading.root])
        #expect(before.status == 69 && before.says("needs") && before.says("free"), "\(before.errors)")
        #expect(preloading.hoster.bytesSent == 0)
        try preloading.archive()
        let archive = try preloading.run(
            ["fetch"], ["COXSWAIN_MODEL_SOURCES": "archive"], wrapper: small + [preloading.root])
        #expect(archive.status == 69 && (archive.says("free") || archive.says("full")), "\(archive.errors)")
        // And what a folder of this machine holds is copied until the disk is full.
        try preloading.model.write(to: "\(preloading.folder.path)/mounted/Test-VL")
        let copied = try preloading.run(
            ["fetch"], ["COXSWAIN_MODEL_SOURCES": "\(preloading.folder.path)/mounted"],
            wrapper: small + [preloading.root])
        #expect(copied.status == 69 && (copied.says("free") || copied.says("full")), "\(copied.errors)")
        // Nothing but the lease, which stays.
        for ended in [before, archive, copied] { #expect(ended.output == ".Test-VL.lease\n") }
    }

    /// PaddleX takes a folder that exists for a whole one; this program does not.
    @Test func whatPaddleXLeftHalfWrittenIsRepaired() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        let cut = "\(preloading.path)/model-00002-of-00002.safetensors"
        let whole = try Data(contentsOf: URL(fileURLWithPath: cut))
        try whole.prefix(1000).write(to: URL(fileURLWithPath: cut))
        try FileManager.default.removeItem(atPath: "\(preloading.path)/tokenizer.json")
        #expect(try preloading.run(["verify"]).status == 69)
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole && preloading.names == ["Test-VL"], "\(ended.errors)")
        #expect(ended.messages.contains { $0.contains("repaired") && $0.contains("model-00002") }, "\(ended.errors)")
        // What was right was not fetched again.
        let asked = Set(
            preloading.hoster.requests().filter { $0.sent > 0 }.map { ($0.path as NSString).lastPathComponent })
        #expect(asked == ["model-00002-of-00002.safetensors", "tokenizer.json"], "\(asked)")
    }

    @Test func aWrongByteOfTheRightSizeIsNotTakenOver() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        let file = "\(preloading.path)/model-00001-of-00002.safetensors"
        var data = try Data(contentsOf: URL(fileURLWithPath: file))
        data[2_000_000] ^= 1
        try data.write(to: URL(fileURLWithPath: file))
        try FileManager.default.removeItem(atPath: "\(preloading.path)/config.json")
        let ended = try preloading.run()
        #expect(ended.status == 0 && preloading.isWhole, "\(ended.errors)")
    }

    @Test func offlineAndCompleteIsNotOnePacket() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        for variable in ["COXSWAIN_OFFLINE", "HF_HUB_OFFLINE"] {
            #expect(try preloading.run(["fetch"], [variable: "1"]).status == 0)
        }
        #expect(preloading.hoster.requests().isEmpty)
    }

    @Test(.enabled(if: isRoot, "SKIPPED: a network namespace needs root"))
    func completeNeedsNotEvenLoopback() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        let alone = try preloading.run(wrapper: ["unshare", "--net"])
        #expect(alone.status == 0, "\(alone.errors)")
    }

    @Test func offlineAndIncompleteSaysWhatToDo() throws {
        let preloading = try Preloading()
        try preloading.model.write(to: preloading.path)
        try FileManager.default.removeItem(atPath: "\(preloading.path)/model-00002-of-00002.safetensors")
        let begin = Date()
        let ended = try preloading.run(
            ["fetch"], ["COXSWAIN_OFFLINE": "true", "COXSWAIN_MODEL_SOURCES": "huggingface,archive"])
        #expect(ended.status == 69 && preloading.hoster.requests().isEmpty)
        #expect(Date().timeIntervalSince(begin) < 5)
        for text in [
            "model-00002-of-00002.safetensors", "127.0.0.1:\(preloading.hoster.port)", "COXSWAIN_OFFLINE",
            preloading.path,
        ] {
            #expect(ended.messages.last?.contains(text) == true, "\(text): \(ended.errors)")
        }
        // A folder of this machine is no network.
        try preloading.model.write(to: "\(preloading.folder.path)/mounted/Test-VL")
        let local = try preloading.run(
            ["fetch"], ["COXSWAIN_OFFLINE": "true", "COXSWAIN_MODEL_SOURCES": "\(preloading.folder.path)/mounted"])
        #expect(local.status == 0 && preloading.isWhole, "\(local.errors)")
    }

    @Test func whatIsMountedIsCopiedAndChecked() throws {
        let preloading = try Preloading()
        let mounted = "\(preloading.folder.path)/mounted"
        try preloading.model.write(to: "\(mounted)/Test-VL")
        let weights = "\(mounted)/Test-VL/model-00001-of-00002.safetensors"
        let whole = try Data(contentsOf: URL(fileURLWithPath: weights))
        try whole.prefix(5000).write(to: URL(fileURLWithPath: weights))
        let ended = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": mounted])
        #expect(ended.status == 69 && preloading.isAbsent && ended.says("model-00001"), "\(ended.errors)")
        let healed = try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "\(mounted),huggingface"])
        #expect(healed.status == 0 && preloading.isWhole, "\(healed.errors)")
    }
}

import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct CommandTests {
    @Test func helpOfEachCommandSaysHowItEnds() throws {
        for command in ["fetch", "verify", "list", "prune", "warm"] {
            let help = try Shell.run(Programs.path("coxswain-preload"), [command, "--help"])
            #expect(help.status == 0 && help.output.contains("Exit status"), "\(command)")
        }
    }

    @Test func wrongUseAndWrongSettingsHaveTheirOwnCodes() throws {
        let preloading = try Preloading()
        #expect(try preloading.run(["fetch", "--nonsense"]).status == 64)
        #expect(try preloading.run(["fetch", "Test-VLL-0.9B"]).status == 64)
        #expect(try preloading.run(["fetch"], ["COXSWAIN_MODELS": "Test-VLL-0.9B"]).status == 78)
        #expect(try preloading.run(["fetch"], ["COXSWAIN_MODEL_SOURCES": "ftp://x"]).status == 78)
        try preloading.folder.write("manifests/bad.toml", "name = ")
        let bad = try preloading.run()
        #expect(bad.status == 78 && bad.says("bad.toml"), "\(bad.errors)")
    }

    @Test func listShowsWhatThereIs() throws {
        let preloading = try Preloading()
        #expect(try preloading.run(["list", Preloading.name]).output.contains("absent"))
        try preloading.run()
        let whole = try preloading.run(["list"])
        #expect(whole.output.contains("from huggingface") && whole.output.contains("PaddleOCR-VL"), "\(whole.output)")
        let json = try preloading.run(["list", "--json", Preloading.name])
        let row = try? JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(
            row?["state"] as? String == "complete" && row?["bytes"] as? Int == preloading.model.bytes,
            "\(json.status) \(json.output) \(json.errors)")
    }

    @Test func aLockNamesEveryFileWithItsHash() throws {
        let preloading = try Preloading()
        let fromHub = try preloading.run(["list", "--lock"])
        #expect(fromHub.status == 0, "\(fromHub.errors)")
        #expect(
            fromHub.output.split(separator: "\n").count { $0.hasPrefix("sha256 = ") } == preloading.model.files.count)
        // The hub itself knows no SHA-256 of small files; they were read.
        try preloading.archive()
        let fromArchive = try preloading.run(["list", "--lock"], ["COXSWAIN_MODEL_SOURCES": "archive"])
        func hashes(_ text: String) -> [Substring] { text.split(separator: "\n").filter { $0.hasPrefix("sha256") } }
        #expect(hashes(fromArchive.output) == hashes(fromHub.output), "\(fromArchive.errors)")
        let unknown = try preloading.run(["list", "--lock", "Owner/Test-VL"])
        #expect(hashes(unknown.output) == hashes(fromHub.output))
    }

    @Test func verifyFindsOneWrongBit() throws {
        let preloading = try Preloading()
        try preloading.run()
        #expect(try preloading.run(["verify", "--deep"]).output.contains("every hash is right"))
        let file = "\(preloading.path)/model-00001-of-00002.safetensors"
        var status = stat()
        stat(file, &status)
        var data = try Data(contentsOf: URL(fileURLWithPath: file))
        data[1_000_000] ^= 4
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        try handle.write(contentsOf: data)
        try handle.close()
        // As bad memory or a bad disk would: nobody saw it change.
        var times = [status.st_atim, status.st_mtim]
        utimensat(AT_FDCWD, file, &times, 0)
        #expect(try preloading.run(["verify"]).status == 0)
        let deep = try preloading.run(["verify", "--deep"])
        #expect(deep.status == 69 && deep.output.contains("model-00001-of-00002.safetensors"), "\(deep.output)")
    }

    @Test func warmSaysInOneLineWhatItDid() throws {
        let preloading = try Preloading()
        let nothing = try preloading.run(["warm"])
        #expect(nothing.status == 0 && nothing.output == "no weights to read ahead\n")
        try preloading.run()
        let warm = try preloading.run(["warm"])
        #expect(warm.status == 0 && warm.output.split(separator: "\n").count == 1)
        #expect(warm.output.contains("in memory") || warm.output.contains("ahead"), "\(warm.output)")
        #expect(try preloading.run(["warm"], ["COXSWAIN_MODEL_SOURCES": "ftp://x"]).status == 0)
    }

    @Test func pruneSaysWhatItWouldDo() throws {
        let preloading = try Preloading()
        try preloading.run()
        let dry = try preloading.run(["prune", "--dry-run"])
        #expect(dry.status == 0 && preloading.isWhole, "\(dry.errors)")
        #expect(try preloading.run(["prune"]).status == 0 && preloading.isWhole)
        // A model of ours that nobody names is what goes.
        let other = try preloading.run(["prune", "PaddleOCR-VL-1.5"])
        #expect(other.status == 0 && other.output.contains("removed \(preloading.path)"), "\(other.output)")
        #expect(preloading.isAbsent)
    }

    /// No thread, no library of the network, nothing asked: what a start with complete weights costs.
    @Test(
        .enabled(
            if: (try? Shell.run("strace", ["-qq", "-o", "/dev/null", "true"]))?.status == 0,
            "SKIPPED: strace is not installed (`make test` does it), or may not be used"))
    func aSecondStartMakesNoThreadAndOpensNoSocket() throws {
        let preloading = try Preloading()
        try preloading.run()
        let trace = "\(preloading.folder.path)/trace"
        let ended = try preloading.run(
            wrapper: ["/usr/bin/strace", "-f", "-qq", "-o", trace, "-e", "trace=clone,clone3,socket,connect"])
        #expect(ended.status == 0)
        #expect(
            try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").filter { !$0.contains("exited") }
                == [])
    }

    @Test func tellsWhoeverStartedItHowFarItIs() throws {
        let preloading = try Preloading()
        let receiver = try DatagramReceiver("\(preloading.folder.path)/notify")
        try preloading.hoster.plan(["rate": 2_000_000])
        let variables = ["NOTIFY_SOCKET": "\(preloading.folder.path)/notify"]
        #expect(try preloading.run(["fetch"], variables).status == 0)
        let messages = receiver.all()
        let shares = messages.compactMap { message in
            message.split(separator: "\n").first { $0.hasPrefix("X_PROGRESS=") }.flatMap { Double($0.dropFirst(11)) }
        }
        #expect(
            shares.count >= 1 && shares == shares.sorted() && shares.allSatisfy { (0...1).contains($0) }, "\(messages)")
        #expect(messages.contains { $0.contains("STATUS=downloading \(Preloading.name): ") })
        // Everything is there: nothing moves, and nothing is said of moving.
        #expect(try preloading.run(["fetch"], variables).status == 0)
        #expect(!receiver.all().contains { $0.contains("X_PROGRESS") })
        try FileManager.default.removeItem(atPath: preloading.path)
        let failed = try preloading.run(["fetch"], variables.merging(["COXSWAIN_OFFLINE": "1"]) { $1 })
        #expect(failed.status == 69)
        #expect(receiver.all().last?.contains("forbids the network") == true)
    }
}

/// A socket that takes datagrams, as PID 1 has one.
final class DatagramReceiver {
    private let descriptor: Int32

    struct CannotBind: Error {}

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw CannotBind() }
    }

    deinit { close(descriptor) }

    /// All that have come since the last call.
    func all() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return messages }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}

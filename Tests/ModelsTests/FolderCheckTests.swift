import Foundation
import ModelHashing
import Models
import Synchronization
import TestSupport
import Testing

@Suite struct FolderCheckTests {
    private let root: TestFolder
    private let folder: ModelFolder

    init() throws {
        root = try TestFolder()
        folder = try Folders.whole(in: root.path)
    }

    private func file(_ name: String) -> String { "\(folder.path)/\(name)" }

    // MARK: Without a stamp

    @Test func wholeFolderOfSomebodyElse() throws {
        let evidence = try #require(folder.check().evidence)
        #expect(!evidence.isStamped && evidence.weakest == .presence)
        let proofs = Dictionary(evidence.files.map { ($0.path, $0.proof) }) { $1 }
        #expect(
            proofs == [
                "__init__.py": .presence, "config.json": .structure, "model.safetensors": .structure,
                "tokenizer.json": .structure,
            ])
    }

    @Test func nothingThere() {
        #expect(ModelFolder(root: root.path, manifest: ModelManifest(name: "O", folder: "O")).check() == .absent)
        #expect(ModelFolder(root: "/nonexistent", manifest: Folders.manifest).check() == .absent)
    }

    @Test func aFileInItsPlace() throws {
        let other = ModelFolder(root: root.path, manifest: ModelManifest(name: "O", folder: "O", required: ["*"]))
        try Folders.write("x", to: other.path)
        #expect(other.check().problems == [". is no regular file"])
        try FileManager.default.removeItem(atPath: other.path)
        symlink("/nonexistent", other.path)
        #expect(other.check() != .absent)
    }

    /// A download that was cut off, at every length.
    @Test func cutTensors() throws {
        let whole = Folders.safetensors(bytes: 40)
        for count in 0..<whole.count {
            try Folders.write(whole.prefix(count), to: file("model.safetensors"))
            #expect(folder.check().problems.count == 1, "\(count) of \(whole.count) bytes")
        }
        try Folders.write(whole + [0], to: file("model.safetensors"))
        #expect(folder.check().problems.first?.contains("its header tells of") == true)
        try Folders.write(whole, to: file("model.safetensors"))
        #expect(folder.check().problems == [])
    }

    @Test(arguments: [
        "{}x", "[1]", "{\"w\":{\"data_offsets\":[0]}}", "{\"w\":{\"data_offsets\":[5,1]}}", "{\"w\":{}}",
        "{\"w\":{\"data_offsets\":[-1,4]}}", "{\"w\":{\"data_offsets\":[0,9223372036854775807]}}",
        "{\"w\":{\"data_offsets\":[0,92233720368547758070]}}", "",
    ])
    func oddTensors(header: String) throws {
        try Folders.write(Folders.safetensors(bytes: 4, header: header), to: file("model.safetensors"))
        #expect(folder.check().problems.count == 1)
    }

    @Test func garbageTensors() throws {
        var random = TestRandom(seed: 5)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            try Folders.write(bytes, to: file("model.safetensors"))
            #expect(folder.check().problems.count == 1)
        }
    }

    @Test func cutJSON() throws {
        let text = Array(#" {"a": [1, -2.5e3, true, null, NaN, "x\"y\\"], "b": {"c": {}}}"#.utf8)
        for count in 0..<text.count {
            try Folders.write(text.prefix(count), to: file("config.json"))
            #expect(folder.check().problems.count == 1, "\(count)")
        }
        for bad in [
            "{} {}", "{\"a\" 1}", "[1,]", "{\"a\":1,}", "nul", "\"a\0b\"", String(repeating: "[", count: 5000), "'a'",
        ] {
            try Folders.write(bad, to: file("config.json"))
            #expect(folder.check().problems.count == 1, "\(bad.prefix(20))")
        }
        for good in ["\u{FEFF}{}", " [ ] \n", "\"\"", "-1", "[[],{}]", "-Infinity"] {
            try Folders.write(good, to: file("config.json"))
            #expect(folder.check().problems == [], "\(good)")
        }
    }

    @Test func pointersHolesAndMissing() throws {
        try Folders.write(
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", to: file("model.safetensors"))
        try Folders.write("", to: file("config.json"))
        unlink(file("tokenizer.json"))
        #expect(
            folder.check().problems == [
                "config.json is empty", "model.safetensors is a pointer of git-lfs and not the file itself",
                "tokenizer* is missing",
            ])
    }

    @Test func shardsOfAnIndex() throws {
        rename(file("model.safetensors"), file("model-1.safetensors"))
        let index = file("model.safetensors.index.json")
        try Folders.write(#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#, to: index)
        #expect(folder.check().problems == ["model-2.safetensors is missing"])
        try Folders.write(Folders.safetensors(bytes: 3), to: file("model-2.safetensors"))
        #expect(folder.check().problems == [])
        try Folders.write(#"{"weight_map":{"a":"../../etc/passwd"}}"#, to: index)
        #expect(folder.check().problems.first?.contains("names a file") == true)
        try Folders.write(#"{"weights":{}}"#, to: index)
        #expect(folder.check().problems.first?.contains("weight_map") == true)
    }

    @Test func leftoversOfTheHubsOwnDownload() throws {
        let cache = ".cache/huggingface/download"
        try Folders.write("", to: file("\(cache)/model.safetensors.lock"))
        try Folders.write("{", to: file("\(cache)/x.json"))
        #expect(folder.check().problems == [])
        try Folders.write("xx", to: file("\(cache)/abc.incomplete"))
        #expect(folder.check().problems == ["\(cache)/abc.incomplete was left by a download that did not end"])
    }

    /// As in the hub's cache: each file a link to a blob elsewhere.
    @Test func links() throws {
        try FileManager.default.createDirectory(atPath: "\(root.path)/blobs", withIntermediateDirectories: true)
        rename(file("model.safetensors"), "\(root.path)/blobs/b1")
        symlink("../blobs/b1", file("model.safetensors"))
        symlink("..", file("loop"))
        let problems = folder.check().problems
        #expect(problems == ["loop is no regular file"])
        unlink(file("loop"))
        #expect(folder.check().evidence?.files.map(\.path).contains("model.safetensors") == true)
        unlink("\(root.path)/blobs/b1")
        #expect(folder.check().problems.contains("*.safetensors is missing"))
        mkfifo(file("pipe.json"), 0o600)
        #expect(folder.check().problems.contains("pipe.json is no regular file"))
    }

    @Test func exactManifest() throws {
        let digest = try FileHash.sha256(file("config.json"))
        let size = try #require(folder.check().evidence?.files.first { $0.path == "config.json" }?.size)
        var manifest = ModelManifest(
            name: "M", folder: "M", revision: String(repeating: "0", count: 40),
            files: [ModelFile(path: "config.json", size: size, sha256: digest)])
        func look() -> ModelFolder.Check { ModelFolder(root: root.path, manifest: manifest).check(deep: false) }
        #expect(look().evidence?.files.map(\.proof) == [.hash])
        // Nothing else matters then.
        try Folders.write("{", to: file("other.json"))
        #expect(look().problems == [])
        manifest.files[0].sha256 = String(repeating: "0", count: 64)
        #expect(look().problems.first?.hasPrefix("config.json has the SHA-256 \(digest.prefix(12))") == true)
        manifest.files[0] = ModelFile(path: "config.json", size: size + 1, sha256: digest)
        #expect(look().problems == ["config.json has \(size) of \(size + 1) bytes"])
    }

    // MARK: With a stamp

    private func stamp() throws { #expect(folder.adopt(try #require(folder.check(deep: true).evidence)) == nil) }

    /// Neither is any file opened, as one that may not be read shows, nor anything hashed.
    @Test func stampedFoldersFilesAreNotRead() throws {
        try stamp()
        let calls = Mutex(0)
        let evidence = try #require(
            folder.check { path throws(FileFailure) in
                calls.withLock { $0 += 1 }
                return ""
            }.evidence)
        #expect(evidence.isStamped && evidence.weakest == .stamp && calls.withLock { $0 } == 0)
        #expect(evidence.files.allSatisfy { $0.sha256 != nil })
        // Wrong bytes of the same size and time are believed; deep, they are not.
        try Folders.write(Folders.safetensors(bytes: 1000).reversed(), to: file("model.safetensors"))
        let remembered = try #require(evidence.files.first { $0.path == "model.safetensors" }).modified
        Folders.setModified(
            file("model.safetensors"), seconds: Int(remembered / 1_000_000_000),
            nanoseconds: Int(remembered % 1_000_000_000))
        #expect(folder.check(deep: false).problems == [])
        #expect(folder.check(deep: true).problems.first?.hasPrefix("model.safetensors has the SHA-256") == true)
    }

    @Test func touchedFileIsHashedAndBelieved() throws {
        try stamp()
        Folders.setModified(file("model.safetensors"), seconds: 5, nanoseconds: 5)
        #expect(folder.check().problems == ["model.safetensors was changed since it was checked"])
        let hashed = Mutex<[String]>([])
        let check = folder.check { path throws(FileFailure) in
            hashed.withLock { $0.append(path) }
            return try FileHash.sha256(path)
        }
        #expect(hashed.withLock { $0 } == [file("model.safetensors")])
        let evidence = try #require(check.evidence)
        #expect(!evidence.isStamped && evidence.files.first { $0.path == "model.safetensors" }?.proof == .hash)
        #expect(folder.adopt(evidence) == nil)
        #expect(folder.check().evidence?.isStamped == true)
    }

    /// Of the same size, as a page that was lost on the disk would be.
    @Test func changedFileIsFound() throws {
        try stamp()
        var bytes = Folders.safetensors(bytes: 1000)
        bytes[bytes.count - 1] ^= 1
        try Folders.write(bytes, to: file("model.safetensors"))
        Folders.setModified(file("model.safetensors"), seconds: 5, nanoseconds: 5)
        #expect(folder.check(deep: false).problems.first?.hasPrefix("model.safetensors has the SHA-256") == true)
        try Folders.write(bytes.dropLast(), to: file("model.safetensors"))
        #expect(folder.check(deep: false).problems.first?.contains("bytes") == true)
        unlink(file("model.safetensors"))
        #expect(folder.check().problems == ["model.safetensors is missing"])
    }

    /// Layers of images keep no parts of a second.
    @Test func timesWithoutParts() throws {
        let evidence = try #require(folder.check(deep: true).evidence)
        for path in evidence.files.map(\.path) { Folders.setModified(file(path), seconds: 1000, nanoseconds: 123_456) }
        try stamp()
        for path in evidence.files.map(\.path) { Folders.setModified(file(path), seconds: 1000, nanoseconds: 0) }
        #expect(folder.check().evidence?.isStamped == true)
        Folders.setModified(file("config.json"), seconds: 1001, nanoseconds: 0)
        #expect(folder.check().problems == ["config.json was changed since it was checked"])
    }

    @Test(arguments: [
        "", "{", "{}", "[]", #"{"version":2}"#,
        #"{"version":1,"manifest":"x","revision":"","source":"","files":[{"path":"../../etc/passwd","size":1,"modified":1}]}"#,
    ])
    func brokenStampsAreNone(text: String) throws {
        try Folders.write(text, to: file(ModelFolder.stampName))
        let evidence = try #require(folder.check().evidence)
        #expect(!evidence.isStamped)
    }

    @Test func stampThatWasBeingWrittenIsNoPartOfTheModel() throws {
        try Folders.write("{", to: file("\(ModelFolder.stampName).partial"))
        #expect(folder.check().problems == [])
    }

    @Test func stampOfAnotherManifest() throws {
        try stamp()
        var manifest = Folders.manifest
        manifest.required.append("extra.bin")
        let other = ModelFolder(root: root.path, manifest: manifest)
        #expect(other.check().problems == ["extra.bin is missing"])
        try Folders.write("x", to: file("extra.bin"))
        // What the stamp knows of the others is used, but it is not that manifest's.
        #expect(other.check().evidence?.isStamped == false)
    }

    @Test func otherCommit() throws {
        var manifest = Folders.manifest
        manifest.revision = String(repeating: "a", count: 40)
        var evidence = try #require(folder.check(deep: true).evidence)
        evidence.revision = manifest.revision
        ModelFolder(root: root.path, manifest: manifest).adopt(evidence)
        manifest.revision = String(repeating: "b", count: 40)
        let problems = ModelFolder(root: root.path, manifest: manifest).check().problems
        #expect(problems == ["the folder is of commit aaaaaaaaaaaa… and should be of bbbbbbbbbbbb…"])
    }

    @Test func unreadableAndUnwritable() throws {
        let evidence = try #require(folder.check().evidence)
        if getuid() == 0 {
            // Root may do everything except on a file system that nobody may write to.
            let proc = ModelFolder(root: "/proc", manifest: ModelManifest(name: "s", folder: "sys", required: ["*"]))
            #expect(proc.adopt(evidence) != nil)
        } else {
            chmod(folder.path, 0o500)
            #expect(folder.adopt(evidence)?.isReadOnly == true)
            chmod(folder.path, 0o700)
            chmod(file("config.json"), 0)
            #expect(folder.check().problems == ["config.json cannot be read: Permission denied"])
        }
    }

    @Test func hashesInParallelAreThoseOfOneThread() throws {
        for index in 0..<40 {
            try Folders.write(String(repeating: "\(index)", count: index * 1000), to: file("x\(index).bin"))
        }
        unlink(file("x0.bin"))
        let one = try #require(folder.check(deep: true, threads: 1).evidence)
        #expect(folder.check(deep: true, threads: 8).evidence == one)
        #expect(one.files.allSatisfy { $0.sha256?.utf8.count == 64 })
    }
}

import Foundation
import Models
import TestSupport
import Testing

@Suite struct PruneTests {
    private let root: TestFolder
    private let one = ModelManifest(name: "One", folder: "One", required: ["a"])
    private let two = ModelManifest(name: "Two", folder: "Two", required: ["a"])

    init() throws { root = try TestFolder() }

    private func publish(_ manifest: ModelManifest) throws {
        let folder = ModelFolder(root: root.path, manifest: manifest)
        try folder.prepareStaging()
        try Folders.write("12345", to: "\(folder.staging)/a")
        try folder.writeStamp(for: [ModelFile(path: "a")], revision: "r", source: "s")
        try folder.publish()
    }

    private var visible: [String] { root.names().filter { !$0.hasSuffix(".lease") } }

    private func prune(_ keep: ModelManifest..., isTrial: Bool = false) throws -> ModelRoot.Pruned {
        try ModelRoot(root.path).prune(keep: keep, isTrial: isTrial)
    }

    @Test func removesWhatIsNotKept() throws {
        try publish(one)
        try publish(two)
        try Folders.write("x", to: "\(root.path)/Two/sub/b")
        #expect(try prune(one, two) == ModelRoot.Pruned())
        let trial = try prune(one, isTrial: true)
        #expect(trial.removed.map(\.path) == ["\(root.path)/Two"] && trial.bytes > 6)
        #expect(visible == ["One", "Two"])
        #expect(try prune(one) == trial)
        #expect(visible == ["One"])
        #expect(root.names() == ["One"], "with its lease")
    }

    @Test func neverWhatIsNotOurs() throws {
        for name in [
            "Foreign/config.json", ".coxswain-cache/triton/x", ".hidden/x", "file", ".git/x", ".other.old.x/y",
        ] {
            try Folders.write("x", to: "\(root.path)/\(name)")
        }
        let elsewhere = try TestFolder()
        try elsewhere.write(ModelFolder.stampName, "{}")
        symlink(elsewhere.path, "\(root.path)/Link")
        let before = root.names()
        #expect(try prune() == ModelRoot.Pruned())
        #expect(root.names() == before)
    }

    @Test func leftovers() throws {
        try publish(one)
        for name in [".One.partial/b", ".One.old/a", ".Two.partial/a", ".Three.partial/b", ".Three.old/a"] {
            try Folders.write("123", to: "\(root.path)/\(name)")
        }
        let owner = String(repeating: "ab", count: 16)
        try Folders.write("x", to: "\(root.path)/.Two.lease.\(owner)")
        try Folders.write("x", to: "\(root.path)/.Two.lease.\(owner)+")
        let pruned = try prune(one, two)
        #expect(pruned.failures == [] && pruned.left == [])
        #expect(
            pruned.removed.map { String($0.path.dropFirst(root.path.count + 1)) }.sorted() == [
                ".One.old", ".One.partial", ".Three.old", ".Three.partial", ".Two.lease.\(owner)",
            ])
        // The beginning of what is kept and not there stays.
        #expect(visible == [".Two.lease.\(owner)+", ".Two.partial", "One"])
        #expect(!root.names().contains(".Three.lease"))
    }

    @Test func notWhatSomebodyIsFetching() throws {
        try Folders.write("123", to: "\(root.path)/.One.partial/b")
        let folder = ModelFolder(root: root.path, manifest: one)
        guard case .mine(let lease) = try LeaseCandidate(for: folder).attempt() else {
            Issue.record("no lease")
            return
        }
        let pruned = try prune()
        #expect(pruned.removed == [] && pruned.left.map(\.path) == [folder.staging])
        #expect(lease.isHeld && visible == [".One.partial"])
        lease.release()
        #expect(try prune().removed.map(\.path) == [folder.staging])
        #expect(visible == [])
    }

    /// Killed between its two renames.
    @Test func finishesWhatWasBegun() throws {
        try publish(one)
        rename("\(root.path)/One", "\(root.path)/.One.old")
        _ = try prune(one)
        #expect(visible == ["One"])
        #expect(ModelFolder(root: root.path, manifest: one).check().evidence?.isStamped == true)
    }

    @Test func nothingThere() throws {
        #expect(try ModelRoot("\(root.path)/none").prune(keep: []) == ModelRoot.Pruned())
        #expect(throws: FileFailure.self) { try ModelRoot("/proc/self/status").prune(keep: []) }
    }

    /// Names that no String holds, and folders without rights.
    @Test func oddThingsInside() throws {
        try Folders.write("x", to: "\(root.path)/.One.partial/d/e")
        let odd = Array("\(root.path)/.One.partial/d/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        #expect(close(open(odd, O_CREAT | O_WRONLY, 0o600)) == 0)
        chmod("\(root.path)/.One.partial/d", 0)
        let pruned = try prune()
        #expect(pruned.failures == [] && visible == [])
    }
}

import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct PrivateTemporaryFolderTests {
    private let base: TestFolder

    init() throws { base = try TestFolder() }

    private func make() throws -> PrivateTemporaryFolder {
        try PrivateTemporaryFolder.make(service: "engine", owner: geteuid(), group: getegid(), in: base.path)
    }

    @Test func isOursAloneAndGoesAsAWhole() throws {
        let folder = try make()
        let other = try make()
        #expect(folder.path != other.path && folder.path.hasPrefix("\(base.path)/coxswain-engine-"))
        let status = try #require(FileStatus(of: folder.path))
        #expect(status.mode & 0o7777 == 0o700 && status.owner == geteuid())
        let outside = try base.write("outside", "x")
        let script = """
            cd \(folder.path) && mkdir -p a/b/c && echo x > a/b/c/d && ln -s \(outside) link && ln -s \(base.path) folder
            mkfifo fifo; mkdir locked; echo x > locked/y; chmod 000 locked; mkdir r; echo x > r/y; chmod 500 r
            touch -- '-rf' 'a b' "$(printf 'line\\nbreak')"; chmod 300 a
            """
        #expect(try Shell.run("bash", ["-c", script]).status == 0)
        #expect(folder.remove() == .removed)
        #expect(base.names() == ["outside", other.path.split(separator: "/").last.map(String.init) ?? ""].sorted())
        #expect(folder.remove() == .removed)
        #expect(other.remove() == .removed)
    }

    @Test func aFolderThatIsLockedAgainstItsOwnerGoesToo() throws {
        let folder = try make()
        chmod(folder.path, 0)
        #expect(folder.remove() == .removed)
    }

    @Test func deepTreesGoToo() throws {
        let folder = try make()
        let script =
            "import os; os.chdir('\(folder.path)')\nfor _ in range(400): os.mkdir('d'); os.chdir('d'); open('f', 'w').close()"
        #expect(try Shell.run("python3", ["-c", script]).status == 0)
        var turns = 0
        #expect(
            eventually {
                turns += 1
                return folder.remove(limit: 150) == .removed
            })
        #expect(turns >= 5)
        #expect(base.names().isEmpty)
    }

    @Test func manyFilesGoInPieces() throws {
        let folder = try make()
        for name in 0..<50 { try "".write(toFile: "\(folder.path)/\(name)", atomically: false, encoding: .utf8) }
        #expect(folder.remove(limit: 20) == .unfinished)
        #expect(folder.remove(limit: 20) == .unfinished)
        #expect(folder.remove(limit: 20) == .removed)
    }

    @Test func anotherFolderOfTheNameStays() throws {
        let folder = try make()
        #expect(rename(folder.path, "\(base.path)/moved") == 0)
        mkdir(folder.path, 0o700)
        try "x".write(toFile: "\(folder.path)/theirs", atomically: false, encoding: .utf8)
        #expect(folder.remove() == .removed)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/theirs"))
        // Nor is a link followed.
        try FileManager.default.removeItem(atPath: folder.path)
        symlink("\(base.path)/moved", folder.path)
        _ = folder.remove()
        #expect(FileManager.default.fileExists(atPath: "\(base.path)/moved"))
    }

    @Test func isKnownInTheNextLife() throws {
        let folder = try make()
        #expect(PrivateTemporaryFolder(text: folder.text) == folder)
        for text in ["", "1 2", "x 2 /tmp/coxswain-a", "1 2 /etc", "1 2 coxswain-a"] {
            #expect(PrivateTemporaryFolder(text: text) == nil)
        }
        #expect(folder.remove() == .removed)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root for other users and mounts")) func otherUsersAndMountsAreNotEntered()
        throws
    {
        chmod(base.path, 0o755)
        let folder = try PrivateTemporaryFolder.make(service: "engine", owner: 61234, group: 61234, in: base.path)
        chmod(base.path, 0o1777)
        #expect(FileStatus(of: folder.path)?.owner == 61234)
        mkdir("\(folder.path)/theirs", 0o755)
        try "x".write(toFile: "\(folder.path)/theirs/x", atomically: false, encoding: .utf8)
        guard case .kept(let why) = folder.remove() else {
            Issue.record("a folder of root was removed")
            return
        }
        #expect(why.contains("another user"))
        try FileManager.default.removeItem(atPath: "\(folder.path)/theirs")

        mkdir("\(folder.path)/mounted", 0o755)
        chown("\(folder.path)/mounted", 61234, 61234)
        guard try Shell.run("mount", ["--bind", base.path, "\(folder.path)/mounted"]).status == 0 else { return }
        try base.write("precious", "x")
        let kept = folder.remove()
        #expect(try Shell.run("umount", ["\(folder.path)/mounted"]).status == 0)
        #expect(base.names().contains("precious"))
        if case .kept = kept {} else { Issue.record("\(kept)") }
        #expect(folder.remove() == .removed)
    }

    @Test func whereNoFolderCanBeMade() {
        #expect(throws: SystemError.self) {
            try PrivateTemporaryFolder.make(service: "engine", owner: 0, group: 0, in: "/proc")
        }
    }
}

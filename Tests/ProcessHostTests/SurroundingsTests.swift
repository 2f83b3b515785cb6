import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct SurroundingsTests {
    private static let gibibyte = 1 << 30

    private static let good = Surroundings(
        sharedMemory: .init(size: 2 * gibibyte, free: 2 * gibibyte),
        folders: [
            .init(role: "output", path: "/out", space: .init(size: 90 * gibibyte, free: 50 * gibibyte), refusal: 0)
        ],
        memoryLimit: 16 * gibibyte, machineMemory: 64 * gibibyte, cores: 8, openFiles: (1024, 1_048_576),
        controlGroupShortcoming: nil, runRefusal: 0, rootIsReadOnly: true, user: 1000)

    private func warning(_ name: String, _ change: (inout Surroundings) -> Void) throws -> String? {
        var changed = Self.good
        change(&changed)
        return try #require(changed.findings.first { $0.name == name }).warning
    }

    @Test func aGoodPlaceHasNoWarnings() {
        #expect(Self.good.findings.allSatisfy { $0.warning == nil })
        #expect(
            Self.good.findings.map { "\($0.name)=\($0.value)" } == [
                "shared-memory=2 GiB free of 2 GiB", "output=/out, 50 GiB free of 90 GiB",
                "memory=limit 16 GiB, machine 64 GiB",
                "cores=8", "open-files=1024 of 1048576", "control-groups=available", "run=writable",
                "root-file-system=read-only", "user=1000",
            ])
    }

    @Test func sharedMemoryOfDockersDefaultIsTooSmall() throws {
        let small = try warning("shared-memory") { $0.sharedMemory = .init(size: 64 << 20, free: 64 << 20) }
        #expect(try #require(small).contains("64 MiB") && #require(small).contains("--shm-size=2g"))
        #expect(
            try warning("shared-memory") { $0.sharedMemory?.free = 5 << 20 }?.contains("5 MiB left of 2 GiB") == true)
        #expect(try warning("shared-memory") { $0.sharedMemory = nil }?.contains("not there") == true)
        #expect(try warning("shared-memory") { $0.sharedMemory = .init(size: .max, free: .max) } == nil)
        #expect(
            try warning("shared-memory") { $0.sharedMemory = .init(size: Self.gibibyte, free: Self.gibibyte) } == nil)
    }

    @Test(
        arguments: [
            (EACCES, "chown it to 1000"), (EPERM, "chown it to 1000"), (EROFS, "read-only"), (ENOSPC, "full"),
            (EDQUOT, "full"), (ENOENT, "not there"), (EIO, "Input/output error"),
        ] as [(Int32, String)])
    func aFolderThatRefusesSaysWhatToDo(refusal: Int32, hint: String) throws {
        #expect(try #require(try warning("output") { $0.folders[0].refusal = refusal }).contains(hint))
    }

    @Test func aFolderThatIsNearlyFullIsSaid() throws {
        #expect(try warning("output") { $0.folders[0].space?.free = 500 << 20 }?.contains("500 MiB left") == true)
        #expect(try warning("output") { $0.folders[0].space?.freeInodes = 20 }?.contains("20 more files") == true)
        #expect(try warning("output") { $0.folders[0].space?.freeInodes = 200_000 } == nil)
        #expect(try warning("output") { $0.folders[0].space = nil } == nil)
    }

    @Test func otherShortcomings() throws {
        #expect(try warning("open-files") { $0.openFiles = (256, 1024) }?.contains("1024") == true)
        #expect(try warning("control-groups") { $0.controlGroupShortcoming = "read-only" } == "read-only")
        #expect(try warning("run") { $0.runRefusal = EROFS } == nil)
        var changed = Self.good
        changed.memoryLimit = nil
        #expect(changed.findings.first { $0.name == "memory" }?.value == "no limit, machine 64 GiB")
    }

    @Test func looksAround() throws {
        let folder = try TestFolder()
        let found = Surroundings.look(
            folders: [("output", folder.path), ("state", "\(folder.path)/none")], memory: ContainerMemory(),
            controlGroups: nil)
        #expect(found.folders[0].refusal == 0 && found.folders[1].refusal == ENOENT)
        #expect(try #require(found.folders[0].space).size > 0 && found.folders[1].space == nil)
        #expect(found.cores >= 1 && found.openFiles.hard >= found.openFiles.soft)
        #expect(try #require(found.machineMemory) > 0)
        #expect(folder.names().isEmpty)
    }

    @Test func procIsNoPlaceToWrite() { #expect(Surroundings.tryWriting("/proc") != 0) }

    @Test(.enabled(if: geteuid() == 0, "needs root for mounts and other users"))
    func realRefusals() throws {
        let folder = try TestFolder()
        func mounted(_ options: String, fill: Bool = false) throws -> Int32? {
            guard try Shell.run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder.path]).status == 0 else {
                return nil
            }
            defer { _ = try? Shell.run("umount", [folder.path]) }
            if fill { _ = try Shell.run("dd", ["if=/dev/zero", "of=\(folder.path)/full", "bs=4096"]) }
            return Surroundings.tryWriting(folder.path)
        }
        // Without the right to mount there is nothing to see.
        guard let readOnly = try mounted("ro") else { return }
        #expect(readOnly == EROFS)
        #expect(try mounted("size=64k", fill: true) == ENOSPC)
        #expect(try mounted("nr_inodes=1") == ENOSPC)
        chmod(folder.path, 0o755)
        let refused = FileIdentity.assume(user: 61234) { Surroundings.tryWriting(folder.path) }
        #expect(refused == EACCES)
        #expect(FileIdentity.assume(user: 61234) { FileStatus(of: folder.path)?.owner } == 0)
        #expect(Surroundings.tryWriting(folder.path) == 0)
    }
}

import Foundation
import Storage
import Testing

@Suite struct StorageDurabilityTests {
    @Test(arguments: [0xEF53, 0x5846_5342, 0x9123_683E, 0x2FC1_2FC1] as [UInt32])
    func aDiskOfThisMachineIsDurable(magic: UInt32) {
        for isRoot in [true, false] {
            let fileSystem = FileSystem(magic: magic, isRoot: isRoot)
            #expect(StorageDurability(fileSystem) == .durable)
            #expect(fileSystem.sharesMappedFiles)
        }
    }

    @Test(
        arguments: [
            (0x0102_1994, "tmpfs", "memory", true), (0x8584_58F6, "ramfs", "memory", true),
            (0x794C_7630, "overlayfs", "no volume is mounted", true), (0x6969, "NFS", "network", false),
            (0xFF53_4D42, "CIFS", "network", false), (0xFE53_4D42, "SMB", "network", false),
            (0x00C3_6400, "Ceph", "network", false), (0x6573_5546, "FUSE", "outside", false),
            (0x0102_1997, "9p", "outside", false), (0x1234_ABCD, "0x1234abcd", "not known", false),
        ] as [(UInt32, String, String, Bool)])
    func saysWhyAPlaceIsNot(magic: UInt32, name: String, reason: String, sharesMappedFiles: Bool) {
        let fileSystem = FileSystem(magic: magic, isRoot: false)
        guard case .notDurable(let why) = StorageDurability(fileSystem) else {
            Issue.record("\(name) was said to be durable")
            return
        }
        #expect(why.contains(name) && why.contains(reason), "\(why)")
        #expect(fileSystem.sharesMappedFiles == sharesMappedFiles)
    }

    @Test func aContainersOwnLayerMayBeFUSE() {
        #expect(FileSystem(magic: 0x6573_5546, isRoot: true).kind == .containerLayer)
        #expect(FileSystem(magic: 0x0102_1997, isRoot: true).kind == .containerLayer)
        #expect(FileSystem(magic: 0x6969, isRoot: true).kind == .network)
    }

    @Test func asksTheSystem() {
        #expect(FileSystem(of: "/dev/shm")?.kind == .memory)
        #expect(StorageDurability.of(folder: "/dev/shm").weakness?.contains("memory") == true)
        #expect(FileSystem(of: "/nowhere/at/all") == nil)
        #expect(StorageDurability.of(folder: "/nowhere/at/all").weakness?.contains("No such file") == true)
    }
}

@Suite struct DiskRoomTests {
    @Test func leavesTheReserveFree() throws {
        let free = try #require(DiskRoom(folder: "/tmp", reserveBytes: 0).freeBytes())
        #expect(free > 0)
        #expect(DiskRoom(folder: "/tmp", reserveBytes: 0).hasRoom(for: free / 2))
        #expect(!DiskRoom(folder: "/tmp", reserveBytes: 0).hasRoom(for: .max))
        #expect(!DiskRoom(folder: "/tmp", reserveBytes: .max).hasRoom(for: 0))
        #expect(!DiskRoom(folder: "/tmp", reserveBytes: free).hasRoom(for: free / 2))
    }

    @Test func aPlaceThatSaysNothingIsNoReasonToRefuse() {
        #expect(DiskRoom(folder: "/nowhere/at/all").freeBytes() == nil)
        #expect(DiskRoom(folder: "/nowhere/at/all").hasRoom(for: 1 << 40))
    }
}

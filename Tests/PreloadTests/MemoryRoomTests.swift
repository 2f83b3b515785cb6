import Foundation
import Preload
import TestSupport
import Testing

@Suite struct MemoryRoomTests {
    private static let gibibyte: Int64 = 1 << 30

    @Test func theTightestLimitCounts() {
        let machine = MemoryRoom.Level(limit: 64 * Self.gibibyte, used: 10 * Self.gibibyte)
        let group = MemoryRoom.Level(limit: 8 * Self.gibibyte, used: 3 * Self.gibibyte)
        #expect(MemoryRoom(levels: [machine, group]).bytes == 4 * Self.gibibyte)
        #expect(MemoryRoom(levels: []).bytes == nil)
        #expect(MemoryRoom(levels: [.init(limit: Self.gibibyte, used: Self.gibibyte)]).bytes == 0)
    }

    @Test func groupsOfBothVersions() {
        #expect(MemoryRoom.groups(cgroup: "0::/\n") == ["/sys/fs/cgroup"])
        #expect(
            MemoryRoom.groups(cgroup: "0::/a/b\n")
                == ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"])
        #expect(
            MemoryRoom.groups(cgroup: "5:cpu,memory:/docker/x\n3:freezer:/y\n")
                == ["/sys/fs/cgroup/memory/docker/x", "/sys/fs/cgroup/memory/docker", "/sys/fs/cgroup/memory"])
    }

    @Test func theMachineAsTheKernelTells() {
        let level = MemoryRoom.machine(meminfo: "MemTotal:  1000 kB\nMemFree: 5 kB\nMemAvailable:   400 kB\n")
        #expect(level == .init(limit: 1000 << 10, used: 600 << 10))
        #expect(MemoryRoom.current().levels.isEmpty == false)
    }

    @Test func readsAheadWhatIsNotInMemoryAndNoMoreThanFits() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/weights"
        try Data(repeating: 3, count: 8 << 20).write(to: URL(fileURLWithPath: path))
        let all = ReadAhead.run([path], room: { nil })
        #expect(all.bytes == 8 << 20 && all.cached + all.read == 8 << 20 && all.left == 0)
        let again = ReadAhead.run([path], room: { nil })
        #expect(again.cached == 8 << 20 && again.read == 0)
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        let none = ReadAhead.run([path], room: { 0 })
        // Where the file system keeps everything in memory, nothing can be left out.
        #expect(none.read == 0 && none.cached + none.left == 8 << 20)
        #expect(ReadAhead.run(["\(folder.path)/none"]).failures == 1)
    }
}

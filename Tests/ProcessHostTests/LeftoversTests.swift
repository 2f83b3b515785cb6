import Foundation
import ProcessHost
import TestSupport
import Testing

/// Folders of their own stand for /dev/shm and /tmp, except where Python's shared memory is tried: that is in the real
/// one.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LeftoversTests {
    private let shared: TestMemory
    private let temporary: TestFolder
    private let me = geteuid()

    init() throws {
        shared = try TestMemory()
        temporary = try TestFolder()
    }

    private func leftovers(usesLeases: Bool = true) -> Leftovers {
        Leftovers(sharedMemory: shared.path, temporary: [temporary.path], usesLeases: usesLeases)
    }

    /// Runs Python until it has made a file `ready` in the temporary folder; folders are `shared` and `temporary`
    /// there.
    private func python(_ script: String, user: UInt32? = nil) throws -> HostProcess {
        let ready = "\(temporary.path)/ready"
        try? FileManager.default.removeItem(atPath: ready)
        if user != nil { chmod(temporary.path, 0o1777) }
        let process = try HostProcess(
            [
                "python3", "-c",
                """
                import mmap, os, socket, time
                shared, temporary = '\(shared.path)', '\(temporary.path)'
                def file(name, size=1 << 20):
                    f = os.open(f'{shared}/{name}', os.O_RDWR | os.O_CREAT, 0o600)
                    os.ftruncate(f, size)
                    return f
                \(script)
                open('\(ready)', 'w').close()
                time.sleep(100)
                """,
            ], user: user)
        try #require(eventually { FileManager.default.fileExists(atPath: ready) })
        return process
    }

    /// /proc alone can only tell where we may look into all processes: as PID 1 of a container, but not always on a
    /// machine.
    private static let waysToTell = OpenFiles.used(of: []) == nil ? [true] : [true, false]

    @Test(arguments: waysToTell) func whatATreeLeftIsRemovedOnceItIsDead(usesLeases: Bool) throws {
        let leftovers = leftovers(usesLeases: usesLeases)
        try shared.make("before", size: 10)
        let before = leftovers.before()
        let process = try python(
            """
            f = file('psm_a', 4 << 20); m = mmap.mmap(f, 0); os.close(f); m[:] = b'x' * len(m)
            g = file('sem.b', 32)
            """)
        #expect(leftovers.remove(owner: me, since: before, recorded: []).kept == [.inUse: 2])
        #expect(shared.names() == ["before", "psm_a", "sem.b"])
        process.kill()
        let removal = leftovers.remove(owner: me, since: before, recorded: [])
        #expect(removal.files == 2 && removal.kept.isEmpty && removal.bytes >= 4 << 20)
        #expect(removal.summary == "2 files of shared memory (4 MiB) removed")
        #expect(shared.names() == ["before"])
        #expect(leftovers.remove(owner: me, since: before, recorded: []).summary == nil)
    }

    @Test(arguments: waysToTell) func whatAnotherLivingProcessUsesStays(usesLeases: Bool) throws {
        let leftovers = leftovers(usesLeases: usesLeases)
        let before = leftovers.before()
        let dead = try python("file('open'); file('mapped'); file('mapped-to-read'); file('free')")
        let living = try python(
            """
            a = os.open(f'{shared}/open', os.O_RDONLY)
            f = os.open(f'{shared}/mapped', os.O_RDWR); b = mmap.mmap(f, 0); os.close(f)
            import ctypes
            libc = ctypes.CDLL(None)
            libc.mmap.restype = ctypes.c_void_p
            f = os.open(f'{shared}/mapped-to-read', os.O_RDONLY)
            libc.mmap(None, ctypes.c_size_t(4096), 1, 1, f, ctypes.c_long(0)); os.close(f)
            """)
        dead.kill()
        let removal = leftovers.remove(owner: me, since: before, recorded: [])
        #expect(removal.files == 1 && removal.kept == [.inUse: 3])
        #expect(removal.summary == "1 file of shared memory (0 B) removed")
        #expect(shared.names() == ["mapped", "mapped-to-read", "open"])
        living.kill()
        #expect(leftovers.remove(owner: me, since: before, recorded: []).files == 3)
    }

    @Test(.enabled(if: waysToTell == [true], "all processes may be looked into")) func whatCannotBeToldStays() throws {
        let leftovers = leftovers(usesLeases: false)
        let before = leftovers.before()
        try shared.make("left", size: 10)
        #expect(leftovers.remove(owner: me, since: before, recorded: []).kept == [.unknown: 1])
        #expect(shared.names() == ["left"])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root for other users")) func anotherUsersFilesStay() throws {
        chmod(shared.path, 0o1777)
        let leftovers = leftovers()
        let before = leftovers.before()
        try shared.make("theirs", size: 10)
        chown("\(shared.path)/theirs", 61235, 61235)
        try shared.make("ours", size: 10)
        chown("\(shared.path)/ours", 61234, 61234)
        let removal = leftovers.remove(owner: 61234, since: before, recorded: [])
        #expect(removal.files == 1 && removal.kept.isEmpty)
        #expect(shared.names() == ["theirs"])
        #expect(geteuid() == 0 && FileManager.default.isReadableFile(atPath: "/etc/shadow"))
    }

    @Test func linksAndFoldersAreNotTouched() throws {
        let leftovers = leftovers()
        let target = try temporary.write("target", "x")
        let before = leftovers.before()
        symlink(target, "\(shared.path)/link")
        symlink("/", "\(temporary.path)/root")
        mkdir("\(shared.path)/folder", 0o700)
        mkfifo("\(shared.path)/fifo", 0o600)
        try temporary.write("file", "x")
        #expect(leftovers.remove(owner: me, since: before, recorded: []) == Leftovers.Removal())
        #expect(shared.names() == ["fifo", "folder", "link"])
        #expect(temporary.names() == ["file", "root", "target"])
    }

    @Test func aFileIsKnownAgainInTheNextLife() throws {
        let leftovers = leftovers()
        let process = try python(
            """
            f = file('psm_a'); m = mmap.mmap(f, 0); os.close(f)
            g = file('opened')
            os.close(file('closed'))
            import ctypes
            libc = ctypes.CDLL(None)
            libc.mmap.restype = ctypes.c_void_p
            h = file('mapped-only'); libc.mmap(None, ctypes.c_size_t(4096), 1, 1, h, ctypes.c_long(0)); os.close(h)
            s = socket.socket(socket.AF_UNIX); s.bind(f'{temporary}/engine.sock'); s.listen()
            """)
        let other = try python("h = file('other')")
        let open = leftovers.openBy([process.pid])
        #expect(Set(open.map(\.name)) == ["engine.sock", "mapped-only", "opened", "psm_a"])
        #expect(LeftFile.decode(LeftFile.encode(open)) == open)
        process.kill()
        other.kill()
        // Without a listing from before, the list alone counts.
        let removal = leftovers.remove(owner: me, since: nil, recorded: LeftFile.decode(LeftFile.encode(open)))
        #expect(removal.files == 3 && removal.sockets == 1 && removal.kept.isEmpty)
        #expect(shared.names() == ["closed", "other"])
        #expect(removal.summary == "3 files of shared memory (0 B) and 1 socket removed")
    }

    @Test func anotherFileWithAKnownNumberStays() throws {
        let leftovers = leftovers()
        let status = try shared.make("psm_a", size: 10)
        var record = LeftFile(folder: shared.path, name: "psm_a", status: status)
        record.born -= 1
        record.changed -= 1
        #expect(leftovers.remove(owner: me, since: nil, recorded: [record]) == Leftovers.Removal())
        record = LeftFile(folder: "/etc", name: "passwd", status: status)
        #expect(leftovers.remove(owner: me, since: nil, recorded: [record]) == Leftovers.Removal())
        #expect(shared.names() == ["psm_a"])
        // By what it is and not by what it is called.
        record = LeftFile(folder: shared.path, name: "another", status: status)
        #expect(leftovers.remove(owner: me, since: nil, recorded: [record]).files == 1)
    }

    @Test(
        arguments: [
            "", "x", "1 2 3 4 5 6", "1 2 3 4 5 /dev/shm ..", "1 2 3 4 5 /dev/shm a%2fb", "1 2 3 4 5 relative a",
            "1 2 3 4 5 /dev/shm %", "1 2 3 4 5 /dev/shm %00", "1 2 3 4 5 /dev/shm %ff", "-1 2 3 4 5 /dev/shm a",
        ])
    func recordsThatNobodyWroteAreLeftOut(line: String) { #expect(LeftFile.decode(line + "\n").isEmpty) }

    @Test func oddNamesAreKept() {
        let file = LeftFile(
            folder: "/dev/shm", name: "a b\n%é/".replacing("/", with: ""), inode: 1, owner: 2, size: 3, changed: 4,
            born: 5)
        #expect(LeftFile.decode(LeftFile.encode([file, file])) == [file, file])
    }

    @Test func socketsThatNobodyServesAreRemoved() throws {
        let leftovers = leftovers()
        let before = leftovers.before()
        let dead = try python(
            """
            s = socket.socket(socket.AF_UNIX); s.bind(f'{temporary}/dead'); s.listen()
            os.close(os.open(f'{temporary}/a file', os.O_CREAT))
            """)
        let living = try python(
            """
            a = socket.socket(socket.AF_UNIX); a.bind(f'{temporary}/listening'); a.listen()
            b = socket.socket(socket.AF_UNIX); b.bind(f'{temporary}/bound')
            c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); c.bind(f'{temporary}/datagrams')
            os.chdir(temporary)
            d = socket.socket(socket.AF_UNIX); d.bind('relative')
            """)
        dead.kill()
        let removal = leftovers.remove(owner: me, since: before, recorded: [])
        #expect(removal.sockets == 1 && removal.files == 0 && removal.kept == [.inUse: 4])
        #expect(temporary.names() == ["a file", "bound", "datagrams", "listening", "ready", "relative"])
        living.kill()
        #expect(leftovers.remove(owner: me, since: before, recorded: []).sockets == 4)
        #expect(temporary.names() == ["a file", "ready"])
    }

    @Test func foldersThatAreNotThereAreEmpty() {
        let leftovers = Leftovers(sharedMemory: "/no/such", temporary: ["/no/such/either"])
        #expect(leftovers.openBy([getpid()]).isEmpty)
        #expect(leftovers.remove(owner: me, since: leftovers.before(), recorded: []) == Leftovers.Removal())
    }

    /// As another user, so that nothing that others have in the real /dev/shm can be meant.
    @Test(.enabled(if: geteuid() == 0, "needs root for other users")) func twentyKillsLeaveNothing() throws {
        let user: UInt32 = 61234
        let leftovers = Leftovers(temporary: [temporary.path])
        func left() -> Int {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? [])
                .count { FileStatus(of: "/dev/shm/\($0)")?.owner == user }
        }
        try #require(left() == 0)
        for turn in 0..<20 {
            let before = leftovers.before()
            let process = try python(
                """
                from multiprocessing import shared_memory
                m = [shared_memory.SharedMemory(create=True, size=8 << 20) for _ in range(3)]
                for x in m: x.buf[:] = b'x' * len(x.buf)
                s = socket.socket(socket.AF_UNIX); s.bind(f'{temporary}/{os.getpid()}'); s.listen()
                """, user: user)
            let recorded = leftovers.openBy([process.pid])
            #expect(recorded.count == 4)
            process.kill()
            #expect(left() == 3)
            // Each way is enough: what is new, and what was written down.
            let removal = leftovers.remove(
                owner: user, since: turn % 2 == 0 ? before : nil, recorded: turn % 2 == 0 ? [] : recorded)
            #expect(removal.files == 3 && removal.sockets == 1 && removal.kept.isEmpty && removal.bytes >= 24 << 20)
            #expect(left() == 0)
        }
    }
}

/// A folder in the real shared memory, whose files have the properties of those there.
private final class TestMemory {
    let path: String

    init() throws {
        path = "/dev/shm/coxswain-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult func make(_ name: String, size: Int) throws -> FileStatus {
        try Data(count: size).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return try #require(FileStatus(of: "\(path)/\(name)"))
    }

    func names() -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

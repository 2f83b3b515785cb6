import CFileCalls
import CLinux
import Glibc
import Synchronization

/// The file work of one owner of a lease, or of one who wants to be. Decides nothing: see ``LeaseMachine``.
///
/// Beside the content that has to change, an owner keeps a `flock` on its file, and names its kernel's boot in it. Where both
/// are of this kernel and the file system is one of this machine alone, a lock that is free proves that the owner is gone:
/// its successor need not wait. Over a network a lock proves nothing, and is not asked for.
final class LeaseFile: Sendable {
    let path: String
    let owner: String
    private let temporary: String
    /// Our own file: −1 before there is one. Local: its lock proves something.
    private let own = Mutex<(descriptor: CInt, isLocal: Bool)>((-1, false))

    init(path: String, owner: String) {
        self.path = path
        self.owner = owner
        temporary = "\(path).\(owner)"
    }

    deinit { end() }

    /// Closes our file, which frees its lock.
    func end() {
        own.withLock { own in
            if own.descriptor >= 0 { close(own.descriptor) }
            own.descriptor = -1
        }
    }

    // MARK: Looking

    /// Opens the file anew each time: that is what NFS promises to be up to date.
    func look() -> (LeaseMachine.Sighting, LeaseRecord?) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return (errno == ENOENT ? .nothing : .unclear, nil) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: LeaseRecord.length)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count >= 0 else { return (.unclear, nil) }
        bytes.removeLast(bytes.count - count)
        // What is no record is somebody's all the same, as long as it changes.
        guard let record = LeaseRecord(bytes) else { return (.other(bytes), nil) }
        if record.owner == owner { return (.own, record) }
        return (record.isReleased ? .released(bytes) : .other(bytes), record)
    }

    /// A descriptor of the file that has the name now, locked, if its owner was on this kernel and is gone. To be closed.
    func proveGone(_ record: LeaseRecord?) -> CInt? {
        guard let boot = record?.boot, boot == Self.boot else { return nil }
        let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        var (own, named) = (stat(), stat())
        // Locked first, then looked whether it is still the one: only who has the lock replaces it without waiting.
        guard Self.isOfThisMachineAlone(file), cox_lock_file(file) == 0, fstat(file, &own) == 0,
            lstat(path, &named) == 0, own.st_ino == named.st_ino, own.st_dev == named.st_dev
        else {
            close(file)
            return nil
        }
        return file
    }

    // MARK: Writing

    /// Puts our file in place if nothing is there.
    ///
    /// - Returns: false where somebody was faster.
    func create() throws(FileFailure) -> Bool {
        try makeOwn()
        // An own name for it is removed in any case; the file lives on under the lease's.
        defer { unlink(temporary) }
        if link(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        // File systems without links.
        if cox_rename_if_free(temporary, path) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileFailure("make", path, code: errno)
    }

    /// Puts our file in the place of whatever is there.
    ///
    /// - Returns: false where somebody cleared our file away in between.
    func replace() throws(FileFailure) -> Bool {
        try makeOwn()
        if rename(temporary, path) == 0 { return true }
        let code = errno
        unlink(temporary)
        if code == ENOENT { return false }
        throw FileFailure("replace", path, code: code)
    }

    /// Into our own file, whoever has the name.
    func write(_ record: LeaseRecord) {
        var record = record
        own.withLock { own in
            record.boot = own.isLocal ? Self.boot : nil
            let bytes = record.bytes
            // One that fails is missed by nobody: the next one comes, and without any our successor does.
            _ = pwrite(own.descriptor, bytes, bytes.count, 0)
            // To the server. On this machine all see it at once, and waiting for a disk that is busy with weights would be
            // long.
            if !own.isLocal { fdatasync(own.descriptor) }
        }
    }

    private func makeOwn() throws(FileFailure) {
        end()
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileFailure("make", temporary, code: errno) }
        // Before anybody can see it.
        let isLocal = Self.boot != nil && Self.isOfThisMachineAlone(descriptor) && cox_lock_file(descriptor) == 0
        own.withLock { $0 = (descriptor, isLocal) }
        let bytes = LeaseRecord(owner: owner, boot: isLocal ? Self.boot : nil).bytes
        let count = pwrite(descriptor, bytes, bytes.count, 0)
        guard count == bytes.count, fsync(descriptor) == 0 else {
            // What was written in part was so for want of room.
            let code = (0..<bytes.count).contains(count) ? ENOSPC : errno
            unlink(temporary)
            throw FileFailure("write", temporary, code: code)
        }
    }

    // MARK: This machine

    /// Changes with every start of the kernel; nil where it is not told.
    private static let boot: String? = (try? SmallFile.read("/proc/sys/kernel/random/boot_id", atMost: 4096))
        .map { String(decoding: $0.filter { $0 > 0x20 }, as: UTF8.self) }

    /// File systems that one kernel has for itself, so that its locks are all there are (statfs(2)). FUSE, 9p, NFS and CIFS are
    /// none.
    private static func isOfThisMachineAlone(_ descriptor: CInt) -> Bool {
        var status = statfs()
        guard fstatfs(descriptor, &status) == 0 else { return false }
        return [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0x2FC1_2FC1]
            .contains(UInt64(truncatingIfNeeded: status.f_type) & 0xFFFF_FFFF)
    }
}

import CLinux
import Glibc
import Synchronization

/// The folder in which jobs live, locked until ``release()``, or the end of this object or the process.
final class JobFolder: Sendable {
    let path: String
    /// −1 once it was released.
    private let lock: Mutex<CInt>

    var database: String { "\(path)/jobs.sqlite" }
    var spool: String { "\(path)/spool" }
    /// Its presence says that the database was found to be damaged while it was in use.
    var damageMark: String { "\(path)/jobs.sqlite.damaged" }

    /// Makes the folder and `spool` in it, mode 0700, if they are not there, and locks it. Blocks while another owner,
    /// which may be about to end, has the lock.
    ///
    /// - Parameters:
    ///   - patience: seconds to wait for another owner.
    ///   - warn: is told of what the system refuses without need for an end.
    init(path: String, patience: Double, warn: (String) -> Void) throws(JobStoreError) {
        self.path = path
        try Self.make(path)
        try Self.make("\(path)/spool")
        let file = "\(path)/jobs.lock"
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        self.lock = Mutex(lock)
        guard lock >= 0 else { throw Self.failure("create \(file)", path) }
        var waited = 0.0
        while cox_lock_file(lock) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR else {
                // Some network file systems. PID 1 has a lock of its own on the folder, and so has SQLite.
                warn(
                    "\(file) cannot be locked (\(String(cString: strerror(code)))): two containers must not share \(path)"
                )
                return
            }
            guard waited < patience else {
                let owner = Self.content(of: lock)
                release()
                throw .taken(folder: path, owner: owner.isEmpty ? "it did not say who it is" : owner)
            }
            usleep(20_000)
            waited += 0.02
        }
        Self.write(Self.ownName, to: lock)
    }

    deinit { release() }

    /// Lets another owner have the folder.
    func release() {
        lock.withLock { lock in
            if lock >= 0 { close(lock) }
            lock = -1
        }
    }

    func spoolFile(of id: JobIdentifier) -> String { "\(spool)/\(id)" }

    /// A file that is not there is removed already.
    func removeSpoolFile(of id: JobIdentifier) { unlink(spoolFile(of: id)) }

    func hasSpoolFile(of id: JobIdentifier) -> Bool { access(spoolFile(of: id), F_OK) == 0 }

    /// Removes what is in the spool and belongs to none of the jobs.
    ///
    /// - Returns: how many files.
    func sweepSpool(except jobs: Set<JobIdentifier>) -> Int {
        guard let directory = opendir(spool) else { return 0 }
        defer { closedir(directory) }
        var strays: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name == "." || name == ".." || JobIdentifier(name).map(jobs.contains) == true { continue }
            strays.append(name)
        }
        return strays.count { unlink("\(spool)/\($0)") == 0 }
    }

    /// Puts a database that cannot be used under another name, with what belongs to it, so that a new one can be begun.
    ///
    /// - Parameter now: seconds since 1970; becomes part of the name.
    /// - Returns: the new name.
    func moveDatabaseAside(at now: Double) throws(JobStoreError) -> String {
        var aside = "\(database).corrupt-\(Int(now))"
        var attempt = 1
        while access(aside, F_OK) == 0 {
            attempt += 1
            aside = "\(database).corrupt-\(Int(now))-\(attempt)"
        }
        guard rename(database, aside) == 0 || errno == ENOENT else { throw Self.failure("rename \(database)", path) }
        // Its log goes along under the name that SQLite would look for. Left here it would be taken for the new one's.
        if rename("\(database)-wal", "\(aside)-wal") != 0 { unlink("\(database)-wal") }
        unlink("\(database)-shm")
        unlink(damageMark)
        return aside
    }

    /// Makes a folder, and those above it, where they are missing.
    private static func make(_ path: String) throws(JobStoreError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure("make the folder", path)
        }
        try make(String(path[..<slash]))
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("make the folder", path) }
    }

    private static func failure(_ action: String, _ folder: String) -> JobStoreError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return .full(folder: folder) }
        return .unavailable(folder: folder, reason: "cannot \(action): \(String(cString: strerror(code)))")
    }

    /// For the message that another one gets: containers that share a folder share no process ids.
    private static var ownName: String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        return
            "process \(getpid()) on \(String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))"
    }

    private static func write(_ text: String, to descriptor: CInt) {
        // Only what a message says depends on it.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.utf8.count, 0)
    }

    private static func content(of descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 400)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

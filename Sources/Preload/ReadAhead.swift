import Glibc

/// Has the kernel read files into its page cache before somebody needs them.
///
/// The kernel is asked (`POSIX_FADV_WILLNEED`, which is readahead(2)) and not read from: nothing is copied, so the program
/// that computes meanwhile loses no time to it. A file system that takes no notice of such wishes is read from after all.
package struct ReadAhead {
    package struct Result: Sendable, Equatable {
        /// Bytes of all files.
        package var bytes: Int64 = 0
        /// That were in memory before.
        package var cached: Int64 = 0
        /// That are in memory now because of this.
        package var read: Int64 = 0
        /// That were left out for want of memory.
        package var left: Int64 = 0
        /// Files that could not be opened.
        package var failures = 0
    }

    /// What is asked for at once. Large enough for disks that like many requests, small enough to stop in time.
    private static let window = 32 << 20
    /// How long nothing of a window may come before it is read instead, in seconds.
    private static let patience = 0.5

    private let room: () -> Int64?
    private let isCancelled: () -> Bool
    private let page = max(4096, sysconf(Int32(_SC_PAGESIZE)))
    private let buffer: UnsafeMutableRawBufferPointer
    /// The file system takes no notice.
    private var mustRead = false

    /// - Parameter room: bytes that may be filled now; nil where nobody knows.
    package init(
        room: @escaping () -> Int64? = { MemoryRoom.current().bytes }, isCancelled: @escaping () -> Bool = { false }
    ) {
        self.room = room
        self.isCancelled = isCancelled
        buffer = .allocate(byteCount: 1 << 20, alignment: 4096)
    }

    /// - Parameter files: paths, in the order in which they will be needed.
    package static func run(
        _ files: [String], room: @escaping () -> Int64? = { MemoryRoom.current().bytes },
        isCancelled: @escaping () -> Bool = { false }
    ) -> Result {
        var work = ReadAhead(room: room, isCancelled: isCancelled)
        defer { work.buffer.deallocate() }
        var result = Result()
        for path in files {
            if isCancelled() { break }
            work.read(path, &result)
        }
        return result
    }

    private mutating func read(_ path: String, _ result: inout Result) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            result.failures += 1
            return
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            result.failures += 1
            return
        }
        let size = Int(status.st_size)
        guard size > 0 else { return }
        result.bytes += Int64(size)
        // The kernel tells what is in memory only to who could write the file, and otherwise says "all" (mincore(2)).
        let tells = status.st_uid == geteuid() || access(path, W_OK) == 0
        let map = tells ? mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED
        let address = map == MAP_FAILED ? nil : map
        defer { if let address { munmap(address, size) } }
        var offset = 0
        while offset < size, !isCancelled() {
            let length = min(Self.window, size - offset)
            let here = address.map { resident($0 + offset, length) } ?? 0
            result.cached += Int64(here)
            if here < length {
                if let room = room(), room < Int64(length - here) {
                    result.left += Int64(size - offset - here)
                    return
                }
                if mustRead || address == nil {
                    readAll(descriptor, offset, length)
                } else if let address, !wish(descriptor, address, offset, length) {
                    mustRead = true
                    readAll(descriptor, offset, length)
                }
                result.read += Int64(length - here)
            }
            offset += length
        }
    }

    /// Asks for a window and waits until it has come.
    ///
    /// - Returns: false where nothing comes.
    private func wish(_ descriptor: CInt, _ address: UnsafeMutableRawPointer, _ offset: Int, _ length: Int) -> Bool {
        guard posix_fadvise(descriptor, off_t(offset), off_t(length), POSIX_FADV_WILLNEED) == 0 else { return false }
        var here = -1
        var changed = MonotonicClock.now()
        while !isCancelled() {
            let now = resident(address + offset, length)
            if now >= length { return true }
            if now != here {
                here = now
                changed = MonotonicClock.now()
            } else if MonotonicClock.now() - changed > Self.patience {
                return false
            }
            usleep(1000)
        }
        return true
    }

    private func readAll(_ descriptor: CInt, _ offset: Int, _ length: Int) {
        var at = offset
        while at < offset + length, !isCancelled() {
            let count = pread(descriptor, buffer.baseAddress, min(buffer.count, offset + length - at), off_t(at))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            at += count
        }
    }

    /// Bytes of a part of a mapping that are in memory.
    private func resident(_ address: UnsafeMutableRawPointer, _ length: Int) -> Int {
        let pages = (length + page - 1) / page
        var marks = [UInt8](repeating: 0, count: pages)
        guard mincore(address, length, &marks) == 0 else { return 0 }
        return min(length, marks.count { $0 & 1 != 0 } * page)
    }
}

import CFileCalls
import Glibc

/// An open file that several threads read and write at places of their own.
final class FileBytes: Sendable {
    private let descriptor: Int32
    private let path: String

    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    var size: Int64 {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? Int64(information.st_size) : 0
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileTrouble) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileTrouble("write", path, code: count < 0 ? errno : EIO) }
            done += count
        }
    }

    /// - Returns: how many bytes were there, or nil with `errno` set.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func setSize(_ size: Int64) throws(FileTrouble) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileTrouble("set the size of", path) }
    }

    func sync() throws(FileTrouble) {
        guard fdatasync(descriptor) == 0 else { throw FileTrouble("sync", path) }
    }

    /// Takes room for the whole file now, so that a disk that is too small is known before hours of fetching.
    ///
    /// Where the file system cannot, nothing happens: posix_fallocate would write zeros instead.
    func reserve(_ size: Int64) throws(FileTrouble) {
        guard size > 0, cox_reserve(descriptor, size) != 0 else { return }
        switch errno {
        case ENOSPC, EDQUOT, EFBIG: throw FileTrouble("reserve room for", path)
        default: return
        }
    }

    /// Gives back the room of bytes that were never written.
    func release(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        _ = cox_release(descriptor, range.lowerBound, range.upperBound - range.lowerBound)
    }

    /// Bytes of the disk that the file has already.
    var allocated: Int64 {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? Int64(information.st_blocks) * 512 : 0
    }
}

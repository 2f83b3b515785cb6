import CLinux
import Glibc

/// What a file is, whatever it is called: device, inode and birth or change tell it from all others.
package struct FileStatus: Sendable, Equatable {
    /// Major number in the upper half, minor number in the lower.
    package var device: UInt64
    package var inode: UInt64
    /// Bytes: as long as it is, and what it takes.
    package var size: UInt64
    package var allocated: UInt64
    /// Type and permissions.
    package var mode: UInt32
    package var owner: UInt32
    package var links: UInt32
    /// Nanoseconds since 1970; `born` is 0 where the file system does not keep it.
    package var changed: Int64
    package var born: Int64
    /// Which mount it lies on; 0 where the kernel does not tell (before 5.8).
    package var mount: UInt64

    /// What lies at a path, or in an open folder: a symbolic link itself, unless it is to be followed.
    ///
    /// - Parameter name: empty means the descriptor itself.
    /// - Returns: nil with errno.
    package init?(of name: String, in folder: CInt = AT_FDCWD, follow: Bool = false) {
        var file = cox_file()
        guard cox_file_at(folder, name, follow ? 1 : 0, &file) == 0 else { return nil }
        device = UInt64(file.device_major) << 32 | UInt64(file.device_minor)
        inode = file.inode
        size = file.size
        allocated = file.allocated
        mode = file.mode
        owner = file.owner
        links = file.links
        changed = file.changed
        born = file.born
        mount = file.mount
    }

    package var isRegular: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
    package var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
    package var isSocket: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFSOCK) }

    package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// A folder held open, so that what is done in it is done there, wherever its path leads by then.
package final class OpenFolder {
    package let descriptor: CInt

    /// - Returns: nil with errno, also for a symbolic link.
    package convenience init?(_ path: String) { self.init(path, in: AT_FDCWD) }

    package convenience init?(_ name: String, in folder: CInt) {
        self.init(owning: openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
    }

    /// A folder whose path the settings or the system give, which may be a symbolic link.
    package convenience init?(following path: String) {
        self.init(owning: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    /// Takes over a descriptor.
    package init?(owning descriptor: CInt) {
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    package struct Entry {
        package var name: String
        package var inode: UInt64
        /// `DT_…` of readdir(3); `DT_UNKNOWN` where the file system does not say.
        package var type: Int
    }

    /// Calls `body` with each entry but `.` and `..`, until it returns false.
    package func forEach(_ body: (Entry) -> Bool) {
        // A descriptor of its own: closedir closes it, and each listing begins at the beginning.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            guard name != ".", name != ".." else { continue }
            let more = body(Entry(name: name, inode: UInt64(entry.pointee.d_ino), type: Int(entry.pointee.d_type)))
            guard more else { return }
        }
    }

    /// What lies there, a symbolic link itself and not what it leads to; nil when there is nothing.
    package func status(of name: String) -> FileStatus? { FileStatus(of: name, in: descriptor) }

    /// What the folder itself is.
    package var status: FileStatus? { FileStatus(of: "", in: descriptor) }
}

import Glibc

/// How much a folder's file system still takes.
package struct DiskRoom: Sendable {
    package let folder: String
    /// Bytes that are left free by new work, for the work that was taken already.
    package let reserveBytes: Int

    package static let usualReserveBytes = 256 << 20

    package init(folder: String, reserveBytes: Int = usualReserveBytes) {
        self.folder = folder
        self.reserveBytes = max(0, reserveBytes)
    }

    /// Bytes that a process without privileges may still write; nil where the system does not tell. Quotas are not in it.
    package func freeBytes() -> Int? {
        var information = statvfs()
        // Some network file systems say 0 of everything.
        guard statvfs(folder, &information) == 0, information.f_blocks > 0 else { return nil }
        let (bytes, overflow) = UInt64(information.f_bavail).multipliedReportingOverflow(
            by: UInt64(information.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }

    /// Whether new work that needs so many bytes may be taken. Where the system does not tell, yes.
    package func hasRoom(for bytes: Int) -> Bool {
        guard let free = freeBytes() else { return true }
        return free - reserveBytes >= bytes
    }
}

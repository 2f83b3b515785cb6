import CFileCalls
import Glibc

/// What kind of place a folder is, as far as its file system tells.
package struct FileSystem: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// On a disk of this machine.
        case local
        /// Gone when the container, or the machine, stops.
        case memory
        /// The layer above the image that a container writes to when no volume is mounted; removed with it.
        case containerLayer
        /// On another machine, or kept by several together.
        case network
        /// A process, or the host of a virtual machine, keeps it: what that does nobody here can know.
        case foreign
        case unknown
    }

    package var kind: Kind
    /// As `mount` or its users call it; for an unknown one its magic number.
    package var name: String

    /// - Parameters:
    ///   - magic: `f_type` of statfs(2), of which file systems use 32 bits.
    ///   - isRoot: it is the one that is mounted at `/`.
    package init(magic: UInt32, isRoot: Bool) {
        guard let known = Self.known[magic] else {
            self.init(.unknown, "type 0x" + String(magic, radix: 16))
            return
        }
        self = known
        // Rootless containers have their layers by FUSE (fuse-overlayfs), some sandboxes by 9p.
        if isRoot, kind == .foreign { kind = .containerLayer }
    }

    private init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// The file system of a folder that exists.
    ///
    /// - Returns: nil when the system does not tell; `errno` says why.
    package init?(of folder: String) {
        var information = statfs()
        guard statfs(folder, &information) == 0 else { return nil }
        var own = stat()
        var root = stat()
        let isRoot = stat(folder, &own) == 0 && stat("/", &root) == 0 && own.st_dev == root.st_dev
        self.init(magic: UInt32(truncatingIfNeeded: information.f_type), isRoot: isRoot)
    }

    /// Whether a file that several descriptors map is one memory, as SQLite's write-ahead log needs of its index. Nobody
    /// vouches for it elsewhere.
    package var sharesMappedFiles: Bool {
        switch kind {
        case .local, .memory, .containerLayer: true
        case .network, .foreign, .unknown: false
        }
    }

    /// The numbers are those of the kernel's `magic.h`, of its sources, and of the makers of those outside of it.
    private static let known: [UInt32: FileSystem] = [
        0xEF53: FileSystem(.local, "ext4"), 0x5846_5342: FileSystem(.local, "XFS"),
        0x9123_683E: FileSystem(.local, "Btrfs"), 0x2FC1_2FC1: FileSystem(.local, "ZFS"),
        0xF2F5_2010: FileSystem(.local, "F2FS"), 0xCA45_1A4E: FileSystem(.local, "bcachefs"),
        0x3153_464A: FileSystem(.local, "JFS"), 0x5265_4973: FileSystem(.local, "ReiserFS"),
        0x3434: FileSystem(.local, "NILFS"), 0x4D44: FileSystem(.local, "FAT"),
        0x2011_BAB0: FileSystem(.local, "exFAT"),
        0x7366_746E: FileSystem(.local, "NTFS"), 0x5346_544E: FileSystem(.local, "NTFS"),
        0x0102_1994: FileSystem(.memory, "tmpfs"), 0x8584_58F6: FileSystem(.memory, "ramfs"),
        0x794C_7630: FileSystem(.containerLayer, "overlayfs"), 0x6175_6673: FileSystem(.containerLayer, "aufs"),
        0x6969: FileSystem(.network, "NFS"), 0x517B: FileSystem(.network, "SMB"),
        0xFF53_4D42: FileSystem(.network, "CIFS"), 0xFE53_4D42: FileSystem(.network, "SMB"),
        0x00C3_6400: FileSystem(.network, "Ceph"), 0x5346_414F: FileSystem(.network, "AFS"),
        0x6B41_4653: FileSystem(.network, "AFS"), 0x7375_7245: FileSystem(.network, "Coda"),
        0x0BD0_0BD0: FileSystem(.network, "Lustre"), 0x4750_4653: FileSystem(.network, "GPFS"),
        0x0116_1970: FileSystem(.network, "GFS2"), 0x7461_636F: FileSystem(.network, "OCFS2"),
        0x1983_0326: FileSystem(.network, "BeeGFS"), 0x2003_0528: FileSystem(.network, "OrangeFS"),
        0xAAD7_AAEA: FileSystem(.network, "PanFS"), 0x6573_5546: FileSystem(.foreign, "FUSE"),
        0x0102_1997: FileSystem(.foreign, "9p"), 0x786F_4256: FileSystem(.foreign, "VirtualBox shared folders"),
        0xBACB_ACBC: FileSystem(.foreign, "VMware shared folders"),
        0x7C7C_6673: FileSystem(.foreign, "Parallels shared folders"),
    ]
}

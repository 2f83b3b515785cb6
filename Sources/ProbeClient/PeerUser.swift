import Glibc

/// Who is at the other end of a Unix socket: in /tmp anybody may lay one where ours would be.
package enum PeerUser {
    /// Root, we ourselves, and whoever process 1 runs as: that is the container.
    package static func isTrusted(_ descriptor: CInt) -> Bool {
        guard let peer = credentials(descriptor) else { return false }
        return [0, geteuid()].contains(peer.user) || peer.user == ofProcessOne
    }

    /// - Returns: nil when the kernel does not say.
    package static func credentials(_ descriptor: CInt) -> (process: Int32, user: UInt32)? {
        // `struct ucred` of unix(7): pid, uid, gid.
        var peer: (Int32, UInt32, UInt32) = (0, .max, .max)
        var size = socklen_t(MemoryLayout.size(ofValue: peer))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else { return nil }
        return (peer.0, peer.1)
    }

    /// nil where /proc does not show it.
    package static var ofProcessOne: UInt32? {
        var information = stat()
        return stat("/proc/1", &information) == 0 ? information.st_uid : nil
    }
}

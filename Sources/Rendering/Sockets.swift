import Glibc

/// A pair of connected stream sockets, close-on-exec.
struct SocketPair {
    let first: CInt
    let second: CInt

    /// - Returns: nil with errno.
    init?(nonBlocking: Bool = false) {
        var ends: (CInt, CInt) = (-1, -1)
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (nonBlocking ? SOCK_NONBLOCK.rawValue : 0)
        let made = withUnsafeMutableBytes(of: &ends) { bytes in
            bytes.baseAddress.map { socketpair(AF_UNIX, CInt(type), 0, $0.assumingMemoryBound(to: CInt.self)) }
        }
        guard made == 0 else { return nil }
        (first, second) = ends
    }
}

/// Wakes a thread that polls: rung from anywhere, heard as a descriptor that is readable.
struct Bell {
    /// -1 where the system had no descriptors left; then nobody is woken.
    let listening: CInt
    private let pulling: CInt

    init() {
        let pair = SocketPair(nonBlocking: true)
        listening = pair?.first ?? -1
        pulling = pair?.second ?? -1
    }

    func ring() {
        var byte: UInt8 = 0
        // A full buffer is a bell that has rung.
        _ = send(pulling, &byte, 1, CInt(MSG_NOSIGNAL))
    }

    func silence() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(listening, &bytes, bytes.count) > 0 {}
    }

    func close() {
        _ = Glibc.close(listening)
        _ = Glibc.close(pulling)
    }
}

import Glibc

/// The sender's half of sd_notify(3): tells the process that started us how we are.
///
/// The protocol is one datagram of newline-separated `FIELD=value` assignments to the Unix socket named by
/// `$NOTIFY_SOCKET`. Systemd, podman and coxswain's own PID 1 speak it. No library is needed for it.
package enum Notify {
    /// Somebody asked to be told.
    package static var isWanted: Bool { getenv("NOTIFY_SOCKET") != nil }

    /// Sends assignments such as `"READY=1\nSTATUS=12 pages in flight"`.
    ///
    /// Never blocks: a service must not hang because the one who watches it is slow. Nothing is reported beyond the
    /// result, for there is nobody left to report it to.
    ///
    /// - Returns: true when the datagram was accepted by the kernel; false when `$NOTIFY_SOCKET` is unset (nobody
    ///   asked), names something that is no Unix socket, or the datagram could not be delivered now.
    @discardableResult
    package static func send(_ fields: String) -> Bool {
        guard let name = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return false }
        return send(fields, to: name)
    }

    /// As `send(_:)`, to a named socket: an absolute path, or `@name` for the abstract namespace.
    @discardableResult
    package static func send(_ fields: String, to name: String) -> Bool {
        guard var address = UnixAddress(name) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        var bytes = Array(fields.utf8)
        let sent = address.withSocketAddress { pointer, length in
            while true {
                let count = sendto(descriptor, &bytes, bytes.count, flags, pointer, length)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        return sent == bytes.count
    }
}

/// A Unix socket address with the length that belongs to it.
///
/// The length matters: in the abstract namespace every byte up to it is part of the name, zeros included.
private struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// - Returns: nil unless `name` is an absolute path or `@name` and fits into an address (107 bytes).
    init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count > 1,
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        let isAbstract = first == UInt8(ascii: "@")
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: bytes)
            if isAbstract { path[0] = 0 }
        }
        let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
        length = socklen_t(header + bytes.count + (isAbstract ? 0 : 1))
    }

    mutating func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        let length = length
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

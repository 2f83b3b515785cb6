import Glibc

/// The listening socket of the public port.
package enum TCPListener {
    /// Binds and listens. `::` takes IPv4 as well, and becomes `0.0.0.0` where the kernel has no IPv6.
    ///
    /// - Parameters:
    ///   - host: a numeric IPv4 or IPv6 address.
    ///   - backlog: see listen(2); the kernel cuts it to `net.core.somaxconn`. With nil the port is bound and nobody
    ///     listens: connections are refused until somebody calls listen(2) on it.
    package static func listen(host: String, port: UInt16, backlog: CInt?) throws(SystemError) -> CInt {
        var v6 = in6_addr()
        if inet_pton(AF_INET6, host, &v6) == 1 {
            do {
                return try listenV6(v6, host: host, port: port, backlog: backlog)
            } catch  where host == "::" && [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT].contains(error.code) {
                return try listen(host: "0.0.0.0", port: port, backlog: backlog)
            }
        }
        var v4 = in_addr()
        guard inet_pton(AF_INET, host, &v4) == 1 else {
            throw SystemError("listen on \(host): a numeric address is needed", code: EINVAL)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = v4
        return try listen(AF_INET, &address, MemoryLayout<sockaddr_in>.size, "\(host):\(port)", backlog)
    }

    private static func listenV6(_ host6: in6_addr, host: String, port: UInt16, backlog: CInt?) throws(SystemError)
        -> CInt
    {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = host6
        return try listen(AF_INET6, &address, MemoryLayout<sockaddr_in6>.size, "[\(host)]:\(port)", backlog)
    }

    private static func listen(
        _ family: CInt, _ address: UnsafeRawPointer, _ length: Int, _ name: String, _ backlog: CInt?
    ) throws(SystemError) -> CInt {
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw SystemError("create a socket for \(name)") }
        var yes: CInt = 1
        var no: CInt = 0
        // Connections of a former life in TIME_WAIT must not keep us from the port.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        if family == AF_INET6 {
            setsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout.size(ofValue: no)))
        }
        guard bind(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(length)) == 0,
            backlog.map({ Glibc.listen(descriptor, $0) == 0 }) ?? true
        else {
            let error = SystemError("listen on \(name)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Whether somebody listens on a port of this machine's loopback address; a refused connection answers at once.
    ///
    /// - Returns: false for an address that is not of the loopback range.
    package static func isTaken(host: String, port: UInt16) -> Bool {
        var address = sockaddr_in()
        guard inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host, &address.sin_addr) == 1,
            UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
        else { return false }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

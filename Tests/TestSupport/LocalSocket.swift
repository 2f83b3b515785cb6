import Foundation

/// Blocking sockets of this machine, as small as the library calls allow. The caller closes the descriptors.
package enum LocalSocket {
    /// - Parameter timeout: seconds that connecting, and each later call, may take; nil for no limit.
    /// - Throws: ``HTTPExchange/Failure``
    static func connect(to port: UInt16, timeout: Double? = nil) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        if let timeout {
            var limit = timeval(tv_sec: Int(timeout), tv_usec: Int(timeout.truncatingRemainder(dividingBy: 1) * 1e6))
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return try checked(descriptor, result)
    }

    /// Connects to a Unix stream socket.
    ///
    /// - Throws: ``HTTPExchange/Failure``
    package static func connect(toPath path: String) throws -> Int32 {
        try unix(path, type: Int32(SOCK_STREAM.rawValue), Foundation.connect)
    }

    /// Makes a Unix socket at a path; whoever wants a stream socket listens on it.
    ///
    /// - Parameter type: kind and flags, as of socket(2).
    /// - Throws: ``HTTPExchange/Failure``
    package static func bind(toPath path: String, type: Int32 = Int32(SOCK_STREAM.rawValue)) throws -> Int32 {
        try unix(path, type: type, Foundation.bind)
    }

    private static func unix(
        _ path: String, type: Int32, _ call: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_un()
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw failure(ENAMETOOLONG) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return try checked(descriptor, result)
    }

    private static func checked(_ descriptor: Int32, _ result: Int32) throws -> Int32 {
        guard result == 0 else {
            let failure = failure(errno)
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    static func failure(_ code: Int32) -> HTTPExchange.Failure {
        switch code {
        case ECONNREFUSED: .refused
        case ECONNRESET, EPIPE: .reset
        case EAGAIN, ETIMEDOUT: .timedOut
        default: .other(code)
        }
    }
}

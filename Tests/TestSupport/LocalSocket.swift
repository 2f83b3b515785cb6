import Foundation

/// A blocking TCP connection to this machine, as small as the library calls allow.
enum LocalSocket {
    /// - Returns: a descriptor that the caller closes.
    /// - Throws: ``HTTPExchange/Failure``
    static func connect(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
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

import CLinux
import Glibc

/// Sockets in the file system, whose folder decides who may use them.
package enum UnixSocket {
    /// Longest path that fits into `sockaddr_un`, in bytes (unix(7)).
    package static let longestPath = 107

    /// A listening stream socket at `path`; one that a former life left there is replaced.
    package static func listen(at path: String) throws(SystemError) -> CInt {
        let descriptor = try bound(path, type: CInt(SOCK_STREAM.rawValue))
        guard Glibc.listen(descriptor, 128) == 0 else {
            close(descriptor)
            throw SystemError("listen on \(path)")
        }
        return descriptor
    }

    /// A datagram socket at `path` whose messages come with their sender's process id.
    package static func datagrams(at path: String) throws(SystemError) -> CInt {
        let descriptor = try bound(path, type: CInt(SOCK_DGRAM.rawValue))
        _ = cox_pass_credentials(descriptor)
        return descriptor
    }

    private static func bound(_ path: String, type: CInt) throws(SystemError) -> CInt {
        guard path.utf8.count <= longestPath else { throw SystemError("bind to \(path)", code: ENAMETOOLONG) }
        let descriptor = socket(AF_UNIX, type | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("create a Unix socket") }
        unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let error = SystemError("bind to \(path)")
            close(descriptor)
            throw error
        }
        chmod(path, 0o600)
        return descriptor
    }
}

/// Receives the datagrams of sd_notify(3).
package final class NotifyReceiver {
    package let path: String
    private let descriptor: CInt
    private let loop: EventLoop

    /// - Parameter body: the sender's process id (0 when unknown) and its `KEY=VALUE` lines.
    package init(
        loop: EventLoop, path: String, _ body: @escaping (ProcessID, [(key: String, value: String)]) -> Void
    ) throws {
        self.path = path
        self.loop = loop
        descriptor = try UnixSocket.datagrams(at: path)
        try loop.watch(descriptor, for: .readable) { [descriptor] _ in
            var buffer = [UInt8](repeating: 0, count: 4096)
            // Bounded: a sender that never pauses must not keep the loop to itself.
            for _ in 0..<64 {
                var sender: ProcessID = 0
                let length = cox_receive_with_pid(descriptor, &buffer, buffer.count, &sender)
                guard length > 0 else { return }
                let lines = String(decoding: buffer[..<length], as: UTF8.self).split(separator: "\n")
                body(
                    sender,
                    lines.compactMap { line in
                        let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                        return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
                    })
            }
        }
    }

    deinit {
        loop.unwatch(descriptor)
        close(descriptor)
        unlink(path)
    }
}

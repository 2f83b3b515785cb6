import Foundation

/// The connections that a process has accepted on a port and not closed, by their clients' addresses.
///
/// Exact for a process that is stopped, so ``stop(_:)`` it first.
package enum AcceptedConnections {
    /// Stops a process, and returns once none of its threads runs any more.
    package static func stop(_ pid: Int32) {
        kill(pid, SIGSTOP)
        _ = eventually(within: 5) {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
            return threads.allSatisfy { thread in
                let stat = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)) ?? ""
                guard let bracket = stat.lastIndex(of: ")") else { return true }
                return stat[bracket...].split(separator: " ").dropFirst().first == "T"
            }
        }
    }

    /// Nil where the kernel or the C library cannot look into another process's descriptors.
    ///
    /// By a copy of each descriptor: /proc/net/tcp takes seconds when a hundred thousand connections have just ended.
    package static func of(_ pid: Int32, on port: UInt16) -> Set<ConnectionStorm.Peer>? {
        guard let functions = DescriptorFunctions.shared else { return nil }
        let process = functions.open(pid, 0)
        guard process >= 0 else { return nil }
        defer { close(process) }
        var found: Set<ConnectionStorm.Peer> = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? [] {
            guard let number = Int32(name) else { continue }
            let copy = functions.get(process, number, 0)
            guard copy >= 0 else {
                if errno == EPERM || errno == ENOSYS { return nil }
                continue
            }
            // At once: a copy would keep the connection open beyond its owner's end.
            defer { close(copy) }
            guard address(copy, getsockname)?.port == port, let peer = address(copy, getpeername) else { continue }
            found.insert(peer)
        }
        return found
    }

    private static func address(
        _ descriptor: Int32,
        _ function: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> ConnectionStorm.Peer? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(descriptor, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        let host = UInt32(bigEndian: address.sin_addr.s_addr)
        return ConnectionStorm.Peer(host: UInt8(host & 0xFF), port: UInt16(bigEndian: address.sin_port))
    }

    /// pidfd_open(2) and pidfd_getfd(2), which Swift's Glibc module does not show.
    private struct DescriptorFunctions {
        var open: @convention(c) (pid_t, UInt32) -> Int32
        var get: @convention(c) (Int32, Int32, UInt32) -> Int32

        static let shared: DescriptorFunctions? = {
            guard let open = dlsym(nil, "pidfd_open"), let get = dlsym(nil, "pidfd_getfd") else { return nil }
            return DescriptorFunctions(
                open: unsafeBitCast(open, to: (@convention(c) (pid_t, UInt32) -> Int32).self),
                get: unsafeBitCast(get, to: (@convention(c) (Int32, Int32, UInt32) -> Int32).self))
        }()
    }
}

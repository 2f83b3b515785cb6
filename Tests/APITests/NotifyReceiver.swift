import Glibc
import TestSupport

/// PID 1's end of sd_notify: a datagram socket in a folder of its own.
final class NotifyReceiver: Sendable {
    let path: String
    private let folder: TestFolder
    private let descriptor: CInt

    init() throws {
        folder = try TestFolder()
        path = "\(folder.path)/notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(100)) }
        let descriptor = descriptor
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw HTTPExchange.Failure.other(errno) }
    }

    deinit { close(descriptor) }

    /// The datagrams that have come since the last call. The kernel keeps only some (`net.unix.max_dgram_qlen`, often 10 or
    /// 512); who sends more is told so.
    func take() -> [String] {
        var messages: [String] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &bytes, bytes.count, 0), count >= 0 {
            messages.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
        return messages
    }
}

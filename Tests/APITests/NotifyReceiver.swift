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
        descriptor = try LocalSocket.bind(
            toPath: path, type: Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
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

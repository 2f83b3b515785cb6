import Foundation
import Health
import Synchronization
import TestSupport

/// A client of the control socket that says exactly what it is told to.
final class Peer {
    let descriptor: CInt

    init(_ path: String) throws {
        descriptor = try LocalSocket.connect(toPath: path)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    @discardableResult
    func say(_ text: String) -> Bool { say(Array(text.utf8)) }

    @discardableResult
    func say(_ bytes: [UInt8]) -> Bool {
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// What comes until the connection ends, or until it is enough.
    func hear(until isEnough: (String) -> Bool = { _ in false }) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while !isEnough(String(decoding: bytes, as: UTF8.self)) {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One exchange to the end of the connection.
    static func ask(_ path: String, _ request: String) throws -> (status: Int, head: String, body: String) {
        let peer = try Peer(path)
        peer.say("\(request) HTTP/1.1\r\nHost: x\r\n\r\n")
        let text = peer.hear()
        let parts = text.components(separatedBy: "\r\n\r\n")
        let words = text.split(separator: " ", maxSplits: 2)
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0, parts[0], parts.dropFirst().joined(separator: "\r\n\r\n"))
    }
}

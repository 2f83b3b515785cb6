import Foundation

/// One HTTP exchange over one connection, byte for byte, so that tests see refusals and resets as what they are.
package struct HTTPExchange: Sendable {
    package var status: Int
    package var headers: [String: String]
    package var body: String

    package enum Failure: Error, Equatable {
        case refused
        case reset
        case timedOut
        /// The connection ended before a whole answer.
        case cutShort
        case other(Int32)
    }

    package static func get(_ target: String, port: UInt16, timeout: Double = 5) throws -> HTTPExchange {
        try send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", port: port, timeout: timeout)
    }

    /// Sends `request` as it is and reads the answer to the end of the connection.
    package static func send(_ request: String, port: UInt16, timeout: Double = 5) throws -> HTTPExchange {
        let connection = try Connection(port: port, timeout: timeout)
        try connection.send(Array(request.utf8))
        return try connection.answer()
    }

    /// One TCP connection to this machine.
    package final class Connection {
        private let descriptor: Int32

        package init(port: UInt16, timeout: Double = 5) throws {
            descriptor = try LocalSocket.connect(to: port, timeout: timeout)
        }

        deinit { close(descriptor) }

        package func send(_ bytes: [UInt8]) throws {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { buffer in
                    Foundation.send(
                        descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                        Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw LocalSocket.failure(errno) }
                sent += count
            }
        }

        /// Reads to the end of the connection.
        package func answer() throws -> HTTPExchange { try HTTPExchange(everything()) }

        /// All bytes to the end of the connection.
        package func everything() throws -> [UInt8] {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                if count == 0 { break }
                guard count > 0 else { throw LocalSocket.failure(errno) }
                bytes += chunk[..<count]
            }
            return bytes
        }
    }

    private init(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let lines = parts[0].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard parts.count > 1, words.count > 1, let status = Int(words[1]) else { throw Failure.cutShort }
        self.status = status
        headers = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let head = bytes.firstRange(of: Array("\r\n\r\n".utf8))
        let content = Array(bytes[(head?.upperBound ?? bytes.endIndex)...])
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            body = String(decoding: try Self.joinedChunks(content), as: UTF8.self)
            return
        }
        body = String(decoding: content, as: UTF8.self)
        if let length = headers["content-length"].flatMap({ Int($0) }), body.utf8.count < length {
            throw Failure.cutShort
        }
    }

    /// The content of a body in chunks (RFC 9112 §7.1), which has to be whole.
    package static func joinedChunks(_ bytes: [UInt8]) throws -> [UInt8] {
        var rest = bytes[...]
        var content: [UInt8] = []
        while true {
            guard let end = rest.firstIndex(of: 13),
                let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), rest.count >= size + 4
            else { throw Failure.cutShort }
            if size == 0 { return content }
            let start = end + 2
            guard start + size + 2 <= rest.endIndex else { throw Failure.cutShort }
            content += rest[start..<start + size]
            rest = rest[(start + size + 2)...]
        }
    }
}

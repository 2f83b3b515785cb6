import Foundation

extension ConnectionStorm {
    /// What is asked on one connection.
    package struct Question: Sendable {
        package enum Kind: Sendable, Hashable {
            case get(String)
            /// A body of so many bytes, all of which are written before anything is read.
            case post(String, bytes: Int)
        }

        package var kind: Kind
        var head: [UInt8]
        /// Bytes of nothing after the head, and what ends them.
        var filler: Int
        var tail: [UInt8]
        /// Seconds between the connection and the first byte of the request.
        package var hesitation = 0.0
        /// The answer must come within so many seconds.
        var patience: Double

        /// - Parameter closes: asks the server to close after its answer; otherwise we do.
        package static func get(_ target: String, closes: Bool = true, hesitation: Double = 0) -> Question {
            let close = closes ? "Connection: close\r\n" : ""
            return Question(
                kind: .get(target), head: Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(close)\r\n".utf8),
                filler: 0, tail: [], hesitation: hesitation, patience: 20)
        }

        /// A body that is no form.
        package static func plainPost(_ target: String, bytes: Int) -> Question {
            let head =
                "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                + "Content-Length: \(bytes)\r\n\r\n"
            return Question(
                kind: .post(target, bytes: bytes), head: Array(head.utf8), filler: bytes, tail: [], patience: 60)
        }

        /// A form whose field `file` begins with `beginning` and goes on with spaces.
        package static func form(_ target: String, beginning: [UInt8], bytes: Int) -> Question {
            let part =
                "--storm\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
                + "Content-Type: application/pdf\r\n\r\n"
            let tail = Array("\r\n--storm--\r\n".utf8)
            let length = part.utf8.count + beginning.count + bytes + tail.count
            let head =
                "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=storm\r\n"
                + "Content-Length: \(length)\r\n\r\n"
            return Question(
                kind: .post(target, bytes: length), head: Array(head.utf8) + Array(part.utf8) + beginning,
                filler: bytes, tail: tail, patience: 60)
        }

        var size: Int { head.count + filler + tail.count }
    }

    /// A whole answer.
    package struct Answer: Sendable {
        package var status: Int
        /// Names in lower case.
        package var headers: [String: String]
        package var body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }

        package var json: [String: Any]? {
            try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        }

        /// Nil until all of it has come: the head, and as many bytes as its `Content-Length` says, or the last chunk.
        init?(_ bytes: [UInt8]) {
            guard let end = Self.endOfHead(bytes) else { return nil }
            let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
            let words = lines[0].split(separator: " ", maxSplits: 2)
            guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
            self.status = status
            headers = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] =
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            body = Array(bytes[(end + 4)...])
            if headers["transfer-encoding"]?.lowercased() == "chunked" {
                guard let joined = try? HTTPExchange.joinedChunks(body) else { return nil }
                body = joined
                return
            }
            guard let length = headers["content-length"].flatMap({ Int($0) }), body.count == length else { return nil }
        }

        private static func endOfHead(_ bytes: [UInt8]) -> Int? {
            guard bytes.count >= 4 else { return nil }
            return (0...bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }
        }
    }
}

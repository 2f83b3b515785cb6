import Foundation
import Synchronization

/// What PID 1 says of its container, as it says it: `GET /v1/state?follow` on the control socket.
package final class StateHistory: Sendable {
    package struct Entry: Sendable {
        /// Seconds of `ConnectionStorm.now()` at which it was heard.
        package var at: Double
        package var state: State
    }

    /// As far as tests read it.
    package struct State: Decodable, Sendable {
        package var revision: UInt64
        package var phase: String
        package var ready: Bool
        package var reason: String
        package var progress: Double
        package var etaSeconds: Int?
        package var services: [Service]

        package struct Service: Decodable, Sendable {
            package var name: String
            package var state: String
            package var restarts: Int
            package var lastFailure: Failure?
        }

        package struct Failure: Decodable, Sendable {
            package var cause: String
            package var hint: String?
            package var kind: String
        }

        package func service(_ name: String) -> Service? { services.first { $0.name == name } }
    }

    private let heard = Mutex<[Entry]>([])
    private let descriptor: Int32

    /// - Parameter socket: path of the control socket.
    package init(socket path: String) throws {
        descriptor = try ControlSocket.request("GET /v1/state?follow HTTP/1.1\r\nHost: x\r\n\r\n", at: path)
        let descriptor = descriptor
        Thread.detachNewThread { [weak self] in
            var rest: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                rest += chunk[..<count]
                guard let self else { break }
                // Chunk sizes and the head stand on lines of their own; a state begins with a brace.
                while let end = rest.firstIndex(of: 10) {
                    let line = rest[..<end]
                    rest.removeSubrange(...end)
                    guard line.first == UInt8(ascii: "{") else { continue }
                    self.hear(Data(line))
                }
            }
            close(descriptor)
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func hear(_ line: Data) {
        let now = ConnectionStorm.now()
        guard let state = try? JSONDecoder().decode(State.self, from: line) else { return }
        heard.withLock { heard in
            // Heartbeats repeat what is known.
            if heard.last?.state.revision != state.revision { heard.append(Entry(at: now, state: state)) }
        }
    }

    package var entries: [Entry] { heard.withLock { $0 } }
    package var last: State? { heard.withLock { $0.last?.state } }

    /// Times between which PID 1 said that its container is not ready.
    package var unready: [Range<Double>] {
        var found: [Range<Double>] = []
        var since: Double?
        for entry in entries {
            if entry.state.ready {
                if let since { found.append(since..<entry.at) }
                since = nil
            } else {
                since = since ?? entry.at
            }
        }
        if let since { found.append(since..<Double.infinity) }
        return found
    }
}

/// The container's control socket, as `curl --unix-socket` uses it.
package enum ControlSocket {
    /// Asks for a service to be started, stopped or restarted; returns the status of the answer.
    package static func command(_ command: String, _ service: String, at path: String) throws -> Int {
        let request = "POST /v1/services/\(service)/\(command) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        let descriptor = try self.request(request, at: path)
        defer { close(descriptor) }
        var answer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &answer, answer.count, 0)
        let words = String(decoding: answer[..<max(0, count)], as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }

    /// Connects and sends; returns the connection.
    static func request(_ text: String, at path: String) throws -> Int32 {
        let descriptor = try LocalSocket.connect(toPath: path)
        let bytes = Array(text.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            let failure = LocalSocket.failure(errno)
            close(descriptor)
            throw failure
        }
        return descriptor
    }
}

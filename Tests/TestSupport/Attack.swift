import Foundation
import Synchronization

/// Connections that do a server what harm they can, from a thread of its own, until it is ended.
package final class Attack: Sendable {
    /// What each connection sends.
    package struct Plan: Sendable, CustomStringConvertible {
        package var name: String
        package var connections: Int
        /// At once.
        var first: [UInt8]
        /// Again and again after that; empty for nothing more.
        var piece: [UInt8]
        /// Seconds between two pieces.
        var pause: Double

        package init(
            _ name: String, connections: Int, _ first: String, then piece: String = "", every pause: Double = 0
        ) {
            self.name = name
            self.connections = connections
            self.first = Array(first.utf8)
            self.piece = Array(piece.utf8)
            self.pause = pause
        }

        package var description: String { name }
    }

    private struct Client {
        var descriptor: Int32
        var left: ArraySlice<UInt8>
        var due: Double
    }

    private let plan: Plan
    private let port: UInt16
    private let isOver = Mutex(false)
    private let begun = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    /// Returns once all connections are open.
    package init(_ plan: Plan, port: UInt16) {
        self.plan = plan
        self.port = port
        IdleConnections.allowDescriptors(plan.connections + 256)
        Thread.detachNewThread { self.run() }
        begun.wait()
    }

    deinit { isOver.withLock { $0 = true } }

    package func end() {
        isOver.withLock { $0 = true }
        finished.wait()
    }

    private func run() {
        var clients = (0..<plan.connections).compactMap { _ in open() }
        begun.signal()
        while !isOver.withLock({ $0 }) {
            let now = ConnectionStorm.now()
            for index in clients.indices where !proceed(&clients[index], now) {
                close(clients[index].descriptor)
                // The next one in its place, as long as there is somebody who takes it.
                guard let next = open() else { continue }
                clients[index] = next
            }
            usleep(2000)
        }
        for client in clients { close(client.descriptor) }
        finished.signal()
    }

    private func open() -> Client? {
        guard let descriptor = try? LocalSocket.connect(to: port) else { return nil }
        return Client(descriptor: descriptor, left: plan.first[...], due: ConnectionStorm.now() + plan.pause)
    }

    /// Returns false when the connection is over.
    private func proceed(_ client: inout Client, _ now: Double) -> Bool {
        var answer = [UInt8](repeating: 0, count: 4096)
        let received = recv(client.descriptor, &answer, answer.count, Int32(MSG_DONTWAIT))
        if received == 0 || received < 0 && errno != EAGAIN { return false }
        if client.left.isEmpty, !plan.piece.isEmpty, now >= client.due {
            client.left = plan.piece[...]
            client.due = now + plan.pause
        }
        guard !client.left.isEmpty else { return true }
        let sent = client.left.withUnsafeBytes {
            send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        if sent < 0 { return errno == EAGAIN }
        client.left = client.left.dropFirst(sent)
        return true
    }
}

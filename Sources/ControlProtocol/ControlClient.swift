package import Health
import NIOCore
import NIOHTTP1
import NIOPosix

/// The other end of the control socket: follows the container's state as PID 1 tells it.
package final class ControlClient: Sendable {
    private let socketPath: String
    private let group: any EventLoopGroup

    package init(socketPath: String) {
        self.socketPath = socketPath
        self.group = MultiThreadedEventLoopGroup.singleton
    }

    /// Every state that PID 1 publishes, beginning with the present one, and heartbeats (the same revision again).
    ///
    /// Connects again, 0.2 s later, whenever the connection ends; finishes when the task that reads it is cancelled.
    /// A reader that falls behind sees the newest state, not every one.
    package func states() -> AsyncStream<ContainerState> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                while !Task.isCancelled {
                    try? await self.follow { continuation.yield($0) }
                    try? await Task.sleep(for: .milliseconds(200))
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Tells PID 1 that our own answers now follow `revision`. Lost acknowledgements are bounded by PID 1's own patience.
    package func acknowledge(revision: UInt64) async {
        let target = "\(ControlEndpoint.acknowledge.path)?revision=\(revision)"
        try? await exchange(.POST, target) { inbound in
            for try await part in inbound { if case .end = part { return } }
        }
    }

    /// PID 1's own metrics, in Prometheus' text format; nil when it does not answer with all of them in time.
    package func metrics(within limit: Duration) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await self.wholeAnswer("/metrics", atMost: Self.mostMetricsBytes) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private static let mostMetricsBytes = 1 << 20

    /// - Returns: nil when the answer is no success, or not whole.
    private func wholeAnswer(_ target: String, atMost limit: Int) async -> String? {
        var text: String?
        // An answer that came counts, however its connection ended then.
        try? await exchange(.GET, target) { inbound in
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let head): guard head.status == .ok else { return }
                case .body(var chunk):
                    guard body.readableBytes + chunk.readableBytes <= limit else { return }
                    body.writeBuffer(&chunk)
                case .end: return text = String(buffer: body)
                }
            }
        }
        return text
    }

    private func follow(_ yield: (ContainerState) -> Void) async throws {
        try await exchange(.GET, "\(ControlEndpoint.state.path)?follow") { inbound in
            var pending = ByteBuffer()
            for try await part in inbound {
                guard case .body(var chunk) = part else { continue }
                pending.writeBuffer(&chunk)
                while let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    let length = end - pending.readerIndex
                    guard let line = pending.readString(length: length) else { break }
                    pending.moveReaderIndex(forwardBy: 1)
                    if let state = try? JSONText.decode(ContainerState.self, from: line) { yield(state) }
                }
                pending.discardReadBytes()
                guard pending.readableBytes < 1 << 20 else { return }
            }
        }
    }

    private func exchange(
        _ method: HTTPMethod, _ target: String,
        _ body: (NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Void
    ) async throws {
        let channel = try await ClientBootstrap(group: group)
            .connect(unixDomainSocketPath: socketPath) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            let head = HTTPRequestHead(
                version: .http1_1, method: method, uri: target,
                headers: ["Host": "coxswain", "Content-Length": "0"])
            // In one: whoever answers the head may have closed before a second write.
            try await outbound.write(contentsOf: [.head(head), .end(nil)])
            try await body(inbound)
        }
    }
}

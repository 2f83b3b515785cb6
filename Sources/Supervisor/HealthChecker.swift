import Lifecycle
import NIOCore
import NIOHTTP1
import NIOPosix
import Settings
import Synchronization

/// Asks a service by HTTP how it is, on the event loop it is given.
final class HealthChecker: Sendable {
    private let loop: any NIOCore.EventLoop
    private let report: @Sendable (Event) -> Void

    /// - Parameter report: called on the event loop with what is to be told to the core.
    init(loop: any NIOCore.EventLoop, report: @escaping @Sendable (Event) -> Void) {
        self.loop = loop
        self.report = report
    }

    /// One series of checks; it ends when this is stopped or released.
    final class Series: Sendable {
        private let stopped = Atomic(false)
        var isStopped: Bool { stopped.load(ordering: .relaxed) }
        func stop() { stopped.store(true, ordering: .relaxed) }
    }

    /// Asks every so often until the answer is 200, and reports that once.
    func untilReady(_ id: InstanceID, url: String, every: Duration, series: Series) {
        check(url, timeout: .seconds(2)).whenComplete { [weak series, report, loop] result in
            guard let series, !series.isStopped else { return }
            if case .success(200) = result { return report(.ready(id)) }
            loop.scheduleTask(in: TimeAmount(every)) { [weak series] in
                guard let series, !series.isStopped else { return }
                self.untilReady(id, url: url, every: every, series: series)
            }
        }
    }

    /// Asks every so often, and reports each answer.
    func watch(_ id: InstanceID, _ watch: Watch, series: Series) {
        loop.scheduleTask(in: TimeAmount(watch.every)) { [weak series] in
            guard let series, !series.isStopped else { return }
            self.check(watch.url, timeout: TimeAmount(watch.timeout)).whenComplete { [weak series] result in
                guard let series, !series.isStopped else { return }
                let problem: Event.Problem?
                switch result {
                case .success(200): problem = nil
                case .success(let status): problem = .unwell("\(watch.url) answered \(status)")
                case .failure: problem = .silent("\(watch.url) did not answer within \(watch.timeout.readable)")
                }
                self.report(.watched(id, problem: problem))
                self.watch(id, watch, series: series)
            }
        }
    }

    /// One `GET`; the future holds the status.
    private func check(_ text: String, timeout: TimeAmount) -> EventLoopFuture<Int> {
        let answer = loop.makePromise(of: Int.self)
        guard let url = HTTPURL(text) else {
            answer.fail(CheckError.notAURL)
            return answer.futureResult
        }
        let address: SocketAddress
        do {
            let host = url.host == "localhost" ? "127.0.0.1" : url.host.filter { $0 != "[" && $0 != "]" }
            address = try SocketAddress(ipAddress: host, port: Int(url.port))
        } catch {
            answer.fail(error)
            return answer.futureResult
        }
        let deadline = loop.scheduleTask(in: timeout) { answer.fail(CheckError.timeout) }
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(StatusReader(answer: answer))
                }
            }
            .connect(to: address)
            .whenComplete { result in
                switch result {
                case .failure(let error):
                    answer.fail(error)
                case .success(let channel):
                    // Whatever the outcome, the connection goes: answered, timed out, or broken.
                    answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    let head = HTTPRequestHead(
                        version: .http1_1, method: .GET, uri: url.path.isEmpty ? "/" : url.path,
                        headers: ["Host": "\(url.host):\(url.port)", "Connection": "close"])
                    channel.write(HTTPClientRequestPart.head(head), promise: nil)
                    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
                }
            }
        answer.futureResult.whenComplete { _ in deadline.cancel() }
        return answer.futureResult
    }

    private enum CheckError: Error { case notAURL, timeout, closed }

    private final class StatusReader: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        private let answer: EventLoopPromise<Int>

        init(answer: EventLoopPromise<Int>) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .head(let head) = unwrapInboundIn(data) { answer.succeed(Int(head.status.code)) }
        }

        func channelInactive(context: ChannelHandlerContext) { answer.fail(CheckError.closed) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }
    }
}

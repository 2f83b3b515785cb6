import Lifecycle
import NIOCore
import NIOHTTP1
import NIOPosix
import Settings
import Synchronization

/// Asks a service by HTTP how it is, on the event loop it is given.
final class HealthChecker: Sendable {
    private let loop: any NIOCore.EventLoop
    private let measured: Measurements
    private let report: @Sendable (Event) -> Void

    /// - Parameter report: called on the event loop with what is to be told to the core.
    init(loop: any NIOCore.EventLoop, measured: Measurements, report: @escaping @Sendable (Event) -> Void) {
        self.loop = loop
        self.measured = measured
        self.report = report
    }

    /// One series of checks; it ends when this is stopped or released.
    final class Series: Sendable {
        fileprivate let service: String
        private let stopped = Atomic(false)
        /// The check that is to come; nil while one is under way.
        fileprivate let next = Mutex<Scheduled<Void>?>(nil)

        /// - Parameter service: whose checks they are.
        init(service: String) { self.service = service }

        var isStopped: Bool { stopped.load(ordering: .relaxed) }
        func stop() { stopped.store(true, ordering: .relaxed) }
    }

    /// Time between two knocks at a port that refuses: a refusal costs some 50 µs, and the first moment at which an
    /// engine can serve is when its port opens.
    static let knock = Duration.milliseconds(20)

    /// Asks every so often until the answer is 200, and reports that once.
    func untilReady(_ id: InstanceID, url: String, every: Duration, series: Series) {
        series.next.withLock { $0 = nil }
        exchange(url, timeout: .seconds(2)).whenComplete { [weak series, report, loop] result in
            guard let series, !series.isStopped else { return }
            if case .success(200) = result { return report(.ready(id)) }
            var wait = every
            if case .failure(let error) = result, !(error is CheckError) { wait = min(every, Self.knock) }
            let next = loop.scheduleTask(in: TimeAmount(wait)) { [weak series] in
                guard let series, !series.isStopped else { return }
                self.untilReady(id, url: url, every: every, series: series)
            }
            series.next.withLock { $0 = next }
        }
    }

    /// Something says that the service can serve now: asks at once, if nobody is asking.
    func askNow(_ id: InstanceID, url: String, every: Duration, series: Series) {
        loop.execute { [weak series] in
            guard let series, !series.isStopped, let next = series.next.withLock({ $0 }) else { return }
            next.cancel()
            self.untilReady(id, url: url, every: every, series: series)
        }
    }

    /// Sends one small request, and reports how it ended.
    func sendCanary(_ id: InstanceID, _ canary: Watch.Canary, series: Series) {
        let sent = NIODeadline.now()
        exchange(canary.url, body: canary.body, timeout: TimeAmount(canary.timeout)).whenComplete {
            [weak series, report, measured] result in
            guard let series, !series.isStopped else { return }
            let seconds = (try? result.get()).map { _ in Double((NIODeadline.now() - sent).nanoseconds) / 1e9 }
            let answer: Event.CanaryAnswer =
                switch result {
                // Busy is alive.
                case .success(200..<300), .success(429): .alive
                case .success(let status) where status >= 500: .failed("it answered \(status)")
                case .success(let status): .refused("it answered \(status)")
                case .failure(CheckError.timeout): .silent
                case .failure(let error): .failed("\(error)")
                }
            measured.canary(series.service, Measurements.Canary(answer), seconds: seconds)
            report(.canaryAnswered(id, answer))
        }
    }

    /// Asks every so often, and reports each answer.
    func watch(_ id: InstanceID, _ watch: Watch, series: Series) {
        loop.scheduleTask(in: TimeAmount(watch.every)) { [weak series] in
            guard let series, !series.isStopped else { return }
            self.exchange(watch.url, timeout: TimeAmount(watch.timeout)).whenComplete { [weak series] result in
                guard let series, !series.isStopped else { return }
                let problem: Event.Problem?
                switch result {
                case .success(200): problem = nil
                case .success(let status): problem = .unwell("\(watch.url) answered \(status)")
                case .failure(CheckError.timeout):
                    problem = .silent("\(watch.url) did not answer within \(watch.timeout.readable)")
                case .failure: problem = .silent("\(watch.url) cannot be reached")
                }
                self.measured.checked(series.service, Measurements.Check(problem))
                self.report(.watched(id, problem: problem))
                self.watch(id, watch, series: series)
            }
        }
    }

    /// One `GET`, or one `POST` of JSON; the future holds the status.
    private func exchange(_ text: String, body: String? = nil, timeout: TimeAmount) -> EventLoopFuture<Int> {
        let answer = loop.makePromise(of: Int.self)
        guard let url = HTTPURL(text) else {
            answer.fail(CheckError.notAURL)
            return answer.futureResult
        }
        // The engine on loopback listens on IPv4; a name of another host is looked up.
        let host = url.host == "localhost" ? "127.0.0.1" : url.host.filter { $0 != "[" && $0 != "]" }
        let deadline = loop.scheduleTask(in: timeout) { answer.fail(CheckError.timeout) }
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(StatusReader(answer: answer))
                }
            }
        // Only a name is looked up, which takes a thread.
        let numeric = try? SocketAddress(ipAddress: host, port: Int(url.port))
        (numeric.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: host, port: Int(url.port)))
            .whenComplete { result in
                switch result {
                case .failure(let error):
                    answer.fail(error)
                case .success(let channel):
                    // Whatever the outcome, the connection goes: answered, timed out, or broken.
                    answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    var head = HTTPRequestHead(
                        version: .http1_1, method: body == nil ? .GET : .POST, uri: url.path.isEmpty ? "/" : url.path,
                        headers: ["Host": "\(url.host):\(url.port)", "Connection": "close"])
                    if let body {
                        head.headers.add(name: "Content-Type", value: "application/json")
                        head.headers.add(name: "Content-Length", value: String(body.utf8.count))
                    }
                    channel.write(HTTPClientRequestPart.head(head), promise: nil)
                    if let body {
                        let buffer = channel.allocator.buffer(string: body)
                        channel.write(HTTPClientRequestPart.body(.byteBuffer(buffer)), promise: nil)
                    }
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

extension Measurements.Check {
    fileprivate init(_ problem: Event.Problem?) {
        switch problem {
        case nil: self = .ok
        case .unwell: self = .unwell
        case .silent: self = .silent
        }
    }
}

extension Measurements.Canary {
    fileprivate init(_ answer: Event.CanaryAnswer) {
        switch answer {
        case .alive: self = .alive
        case .silent: self = .silent
        case .failed: self = .failed
        case .refused: self = .refused
        }
    }
}

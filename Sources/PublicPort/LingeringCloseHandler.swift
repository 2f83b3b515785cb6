package import NIOCore
import Synchronization

/// Turns the close of a connection into the close that RFC 9112 §9.6 asks for, known as lingering close: send what is
/// left, close our half, read and throw away what the client still sends, and only then close.
///
/// A server that answers before it has read the request's body (413, 503) and closes at once resets the connection,
/// and the client never sees the answer. Bounded in bytes, in time and in the number of such connections, so that
/// nobody can make a server of ours read for ever.
///
/// Belongs first in the pipeline, next to the socket; it knows nothing of HTTP.
package final class LingeringCloseHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let limits: Limits
    private let budget: LingerBudget
    private var phase = Phase.open
    private var discarded = 0
    private var total: Scheduled<Void>?
    private var idle: Scheduled<Void>?
    private var waiting: [EventLoopPromise<Void>] = []

    private enum Phase { case open, lingering, closed }

    package init(limits: Limits = Limits(), budget: LingerBudget = .shared) {
        self.limits = limits
        self.budget = budget
    }

    package struct Limits: Sendable {
        /// Most bytes that are read and thrown away.
        package var bytes: Int
        /// Longest time that a connection lingers.
        package var total: TimeAmount
        /// Longest pause of the client.
        package var idle: TimeAmount

        package init(bytes: Int = 1 << 30, total: TimeAmount = .seconds(30), idle: TimeAmount = .seconds(5)) {
            self.bytes = bytes
            self.total = total
            self.idle = idle
        }
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, phase != .closed else {
            return context.close(mode: mode, promise: promise)
        }
        if phase == .lingering {
            if let promise { waiting.append(promise) }
            return
        }
        guard context.channel.isActive, budget.take() else {
            phase = .closed
            return context.close(mode: .all, promise: promise)
        }
        phase = .lingering
        if let promise { waiting.append(promise) }
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        total = context.eventLoop.scheduleTask(in: limits.total) { bound.value.handler.finish(bound.value.context) }
        restartIdle(context)
        // Writes are done in order: once this empty one is, all before it have left.
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)), promise: flushed)
        flushed.futureResult.whenComplete { result in
            let (handler, context) = bound.value
            guard handler.phase == .lingering else { return }
            switch result {
            case .success:
                context.close(mode: .output, promise: nil)
                context.read()
            case .failure:
                handler.finish(context)
            }
        }
    }

    /// A user event, sent outwards: the connection is closed without lingering, since there is no answer that could be lost.
    package struct CloseNow: Sendable { package init() {} }

    package func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is CloseNow else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if phase == .open {
            phase = .closed
            context.close(mode: .all, promise: nil)
        } else {
            finish(context)
        }
        promise?.succeed()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .open else { return context.fireChannelRead(data) }
        let count = unwrapInboundIn(data).readableBytes
        discarded += count
        budget.discarded(count)
        if discarded > limits.bytes { finish(context) } else { restartIdle(context) }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        guard phase != .open else { return context.fireChannelReadComplete() }
        // Whoever asked for reads before may have stopped asking.
        if phase == .lingering { context.read() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if phase == .lingering, case ChannelEvent.inputClosed? = event as? ChannelEvent { return finish(context) }
        context.fireUserInboundEventTriggered(event)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard phase != .open else { return finish(context) }
        context.fireErrorCaught(error)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        settle()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { settle() }

    private func restartIdle(_ context: ChannelHandlerContext) {
        idle?.cancel()
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: limits.idle) { bound.value.handler.finish(bound.value.context) }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard phase == .lingering else { return }
        phase = .closed
        budget.give()
        stopTimers()
        context.close(mode: .all, promise: nil)
    }

    private func settle() {
        if phase == .lingering { budget.give() }
        phase = .closed
        stopTimers()
        let promises = waiting
        waiting = []
        for promise in promises { promise.succeed() }
    }

    private func stopTimers() {
        total?.cancel()
        idle?.cancel()
    }
}

/// How many connections may linger at once.
package final class LingerBudget: Sendable {
    package static let shared = LingerBudget(maximum: 512)

    private let maximum: Int
    private let left: Mutex<Int>
    private let bytes = Atomic(0)

    package init(maximum: Int) {
        self.maximum = maximum
        left = Mutex(maximum)
    }

    /// Connections that linger now.
    package var inUse: Int { maximum - left.withLock { $0 } }

    /// Bytes that were read and thrown away so far: while they grow, somebody is still sending.
    package var discardedBytes: Int { bytes.load(ordering: .relaxed) }

    func discarded(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }

    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }

    func give() { left.withLock { $0 += 1 } }
}

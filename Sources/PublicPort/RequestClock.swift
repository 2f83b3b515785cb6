package import NIOCore

/// Holds a connection's clients to their time.
///
/// Belongs between ``LingeringCloseHandler`` and the decoder, where bytes are bytes: what the decoder makes of them it is told
/// by whoever stands behind it, on the event loop. A request that takes too long is the error ``RequestTooSlow``, fired once
/// into the pipeline; a connection without any is closed.
package final class RequestClock: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private var pace: RequestPace
    private let seat: ConnectionSeat?
    private var context: ChannelHandlerContext?
    private var timer: (scheduled: Scheduled<Void>, at: Double)?
    private var isOver = false

    /// - Parameter seat: told when the connection waits for a request.
    package init(_ limits: RequestPace.Limits = RequestPace.Limits(), seat: ConnectionSeat? = nil) {
        pace = RequestPace(limits, at: Self.now)
        self.seat = seat
    }

    // MARK: What the decoder found

    package func headerCame() {
        pace.headerCame()
        seat?.setWaiting(false)
    }

    package func requestEnded() { pace.requestEnded() }

    package func answered() {
        pace.answered(at: Self.now)
        if pace.isWaiting { seat?.setWaiting(true) }
        schedule()
    }

    // MARK: What the pipeline says

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        schedule()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func read(context: ChannelHandlerContext) {
        pace.readingBegan(at: Self.now)
        schedule()
        context.read()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pace.received(unwrapInboundIn(data).readableBytes, at: Self.now)
        context.fireChannelRead(data)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        pace.readingEnded(at: Self.now)
        context.fireChannelReadComplete()
        schedule()
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // From here on it is the lingering close that has the time.
        if mode == .all { end() }
        context.close(mode: mode, promise: promise)
    }

    private func end() {
        isOver = true
        timer?.scheduled.cancel()
        timer = nil
        context = nil
    }

    /// A timer that is too early looks again; only one that would be too late is set anew.
    private func schedule() {
        guard !isOver, let context, let deadline = pace.deadline else { return }
        if let timer {
            if timer.at <= deadline { return }
            timer.scheduled.cancel()
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let wait = TimeAmount.nanoseconds(Int64(max(0, deadline - Self.now) * 1e9) + 1_000_000)
        timer = (context.eventLoop.scheduleTask(in: wait) { bound.value.look() }, deadline)
    }

    private func look() {
        timer = nil
        guard !isOver, let context else { return }
        switch pace.delay(at: Self.now) {
        case nil: schedule()
        case .silence: context.channel.close(promise: nil)
        case .some(let delay):
            isOver = true
            context.fireErrorCaught(RequestTooSlow(delay))
        }
    }

    private static var now: Double { Double(NIODeadline.now().uptimeNanoseconds) / 1e9 }
}

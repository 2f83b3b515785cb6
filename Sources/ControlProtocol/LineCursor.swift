import NIOCore

/// How far a follower is, so that it hears of everything once.
final class LineCursor: Sendable {
    private let bound: NIOLoopBound<Position>
    private let service: String?

    private final class Position {
        let stream: LineStream
        var last: UInt64 = 0
        init(_ stream: LineStream) { self.stream = stream }
    }

    /// - Parameter loop: that of the stream, on which this is called.
    init(_ stream: LineStream, service: String?, loop: any EventLoop) {
        bound = NIOLoopBound(Position(stream), eventLoop: loop)
        self.service = service
    }

    /// Everything up to this number is on its way.
    func sent(_ sequence: UInt64?) {
        if let sequence { bound.value.last = max(bound.value.last, sequence) }
    }

    /// May be called on any thread.
    func offer(_ lines: [(sequence: UInt64, service: String, json: String)]) {
        bound.eventLoop.execute { [bound, service] in
            let position = bound.value
            let new = lines.filter { $0.sequence > position.last && (service == nil || $0.service == service) }
            guard let last = new.last else { return }
            position.last = last.sequence
            position.stream.offer(new.lazy.map(\.json))
        }
    }
}

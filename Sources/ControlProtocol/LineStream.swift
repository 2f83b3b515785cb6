import NIOCore
import NIOHTTP1
import TimeOfDay

/// Lines on their way to one connection, sent as fast as they are read there and remembered within bounds.
///
/// Lives on the event loop of its channel.
final class LineStream {
    private let channel: any Channel
    private var pending = CircularBuffer<String>()
    private var pendingBytes = 0
    /// Takes the place of what was not sent before it: a state.
    private var newest: String?
    private var missed = 0
    private var endsWhenSent = false
    private var deadline: Scheduled<Void>?
    private var isOver = false
    private var isPumping = false

    /// Bytes of lines that may wait for the reader, beside what the kernel and the channel hold.
    static let capacity = 256 * 1024
    /// How long a reader may read nothing while something waits for it.
    static let patience = TimeAmount.seconds(10)

    /// The head of the answer has been written already.
    init(channel: any Channel) {
        self.channel = channel
    }

    /// The first answer: never cut short, since it is bounded by what is remembered anyway.
    func begin(with lines: some Sequence<String>) {
        for line in lines { append(line) }
        pump()
    }

    /// Further lines; those for which there is no room are counted, and the count is said when there is room again.
    func offer(_ lines: some Sequence<String>) {
        for line in lines {
            if missed > 0 || pendingBytes + line.utf8.count > Self.capacity { missed += 1 } else { append(line) }
        }
        pump()
    }

    /// A line that makes those before it worthless.
    func replace(with line: String) {
        newest = line
        pump()
    }

    /// Ends the answer, and the connection, when everything is sent.
    func end() {
        endsWhenSent = true
        pump()
    }

    /// The channel can take more, or less, than before.
    func writabilityChanged() { pump() }

    func closed() {
        isOver = true
        deadline?.cancel()
        pending.removeAll()
    }

    /// Lines that could not be sent, as a line of the log.
    static func missedLine(_ count: Int) -> String {
        #"{"time":"\#(WallClock.rfc3339(WallClock.now()))","level":"warning","service":"coxswain","message":"\#(count) lines were not sent: this connection was not read in time","missed":\#(count)}"#
    }

    private func append(_ line: String) {
        pending.append(line)
        pendingBytes += line.utf8.count
    }

    private func pump() {
        // Writing changes the writability, which calls this again.
        guard !isOver, !isPumping else { return }
        isPumping = true
        var wrote = false
        while channel.isWritable, write() {
            wrote = true
            channel.flush()
        }
        isPumping = false
        if endsWhenSent, isEmpty { return finish() }
        guard !channel.isWritable else {
            deadline?.cancel()
            deadline = nil
            return
        }
        guard wrote || deadline == nil else { return }
        deadline?.cancel()
        deadline = Self.close(channel, in: Self.patience)
    }

    private var isEmpty: Bool { pending.isEmpty && newest == nil && missed == 0 }

    /// - Returns: whether there was anything to write.
    private func write() -> Bool {
        var buffer = channel.allocator.buffer(capacity: 4096)
        while channel.isWritable, buffer.readableBytes < 32 * 1024, let line = next() {
            buffer.writeString(line)
            buffer.writeInteger(UInt8(ascii: "\n"))
        }
        guard buffer.readableBytes > 0 else { return false }
        channel.write(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
        return true
    }

    private func finish() {
        isOver = true
        deadline?.cancel()
        // Whoever does not read even the end is not waited for.
        let deadline = Self.close(channel, in: Self.patience)
        let channel = channel
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in
            deadline.cancel()
            channel.close(promise: nil)
        }
    }

    private static func close(_ channel: any Channel, in time: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func next() -> String? {
        if let line = pending.popFirst() {
            pendingBytes -= line.utf8.count
            return line
        }
        if missed > 0 {
            defer { missed = 0 }
            return Self.missedLine(missed)
        }
        defer { newest = nil }
        return newest
    }
}

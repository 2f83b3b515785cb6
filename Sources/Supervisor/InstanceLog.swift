import CLinux
import Glibc
import OperatorLog
import ProcessHost
import TimeOfDay

/// What one instance of a service writes to its standard output and standard error.
final class InstanceLog {
    fileprivate let hub: LogHub
    fileprivate let voice: LogHub.Voice
    private let format: String?
    private var tail = LogTail()
    private var streams: [LogStream] = []
    /// The main process of the instance, once it is known.
    var pid: ProcessID? {
        get { voice.pid }
        set { voice.pid = newValue }
    }
    /// Told each line, while somebody wants to know.
    var reader: ((String) -> Void)?

    /// - Parameter format: how its lines are written, as the settings name it; nil: nobody knows.
    init(hub: LogHub, service: String, format: String?) {
        self.hub = hub
        self.format = format
        voice = hub.voice(of: service)
        voice.pid = nil
    }

    /// The last lines as they came, for a diagnosis, without what must not be told.
    var lastLines: [String] { tail.lines.map(hub.safe) }

    /// A pipe for the instance to write to; close the returned end once it is the instance's.
    func pipe() throws -> CInt {
        var ends: [CInt] = [-1, -1]
        guard cox_pipe(&ends) == 0 else { throw SystemError("create a pipe for the log of \(voice.name)") }
        let stream = LogStream(ends[0], of: self, RecordReader(service: voice.name, format: format))
        do {
            // The stream keeps this object alive until the last who could write is gone.
            try hub.pace.begin(stream)
        } catch {
            for end in ends { close(end) }
            throw error
        }
        hub.begin(stream)
        streams.append(stream)
        return ends[1]
    }

    /// Takes in what was written and not yet read, and what was held back: once nobody is left who could write.
    func drain() {
        for stream in streams {
            // More than a pipe holds, and not without end.
            for _ in 0..<128 where stream.read() == 0 { break }
        }
        hub.settle(voice)
    }

    fileprivate func tell(_ lines: [String]) {
        for line in lines {
            tail.append(line)
            reader?(line)
        }
    }

    fileprivate func closed(_ stream: LogStream) { streams.removeAll { $0 === stream } }
}

/// The reading end of one of its pipes.
final class LogStream: PipePace.Source {
    let descriptor: CInt
    var allowance = PipePace.Allowance()
    private let log: InstanceLog
    private var splitter = LineSplitter()
    private var reader: RecordReader
    private var isOpen = true

    fileprivate init(_ descriptor: CInt, of log: InstanceLog, _ reader: RecordReader) {
        self.descriptor = descriptor
        self.log = log
        self.reader = reader
    }

    /// When there will be something to tell though nothing more comes; seconds since 1970.
    var waitsUntil: Double? { reader.waitsUntil }

    /// Takes in one chunk: what is read at once is told at once, and bounds how long the loop is kept.
    ///
    /// - Returns: how many bytes; 0 when there is nothing now, nil at the end.
    func read() -> Int? {
        guard isOpen else { return nil }
        let length = withUnsafeTemporaryAllocation(byteCount: PipePace.chunk, alignment: 1) { chunk -> Int? in
            let length = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            guard length > 0 else { return length < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : nil }
            emit(splitter.feed(chunk.bindMemory(to: UInt8.self)[..<length]))
            if let reader = log.reader, let pending = splitter.pending { reader(pending) }
            return length
        }
        if length == nil { end() }
        return length
    }

    func tick(at now: Double) {
        take(reader.tick(at: now))
        log.hub.wake(at: reader.waitsUntil)
    }

    /// Tells what it has, whole or not.
    func finish() {
        if let rest = splitter.finish() { emit([rest]) }
        take(reader.finish(at: WallClock.now()))
    }

    private func end() {
        isOpen = false
        finish()
        log.hub.pace.end(self)
        close(descriptor)
        log.hub.end(self)
        log.closed(self)
    }

    private func emit(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let now = WallClock.now()
        log.tell(lines)
        var records: [Record] = []
        for line in lines { records += reader.read(line, at: now) }
        take(records)
        log.hub.wake(at: reader.waitsUntil)
    }

    private func take(_ records: [Record]) {
        if !records.isEmpty { log.hub.take(records, of: log.voice) }
    }
}

import CLinux
import Glibc
import OperatorLog
import ProcessHost
import Progress
import TimeOfDay

/// Every line of every process becomes one record of one log.
final class LogHub {
    private let writer: LogWriter
    private let format: RecordFormat
    private let color: Bool
    fileprivate let loop: ProcessHost.EventLoop

    init(loop: ProcessHost.EventLoop, format: RecordFormat, color: Bool) {
        self.loop = loop
        self.format = format
        self.color = color
        writer = LogWriter(descriptor: STDOUT_FILENO) { count in
            format.line(
                for: Record(
                    time: WallClock.now(), level: .warning, service: "coxswain",
                    message: "\(count) log lines were dropped: nobody read them in time"))
        }
    }

    func log(_ level: Record.Level, _ message: String, _ fields: [(name: String, value: String)] = []) {
        write(Record(time: WallClock.now(), level: level, service: "coxswain", message: message, fields: fields))
    }

    /// For the last words before the end of the process.
    func flush() { writer.flush(within: 1000) }

    fileprivate func write(_ record: Record) { writer.write(format.line(for: record, color: color)) }
}

/// What one instance of a service writes to its standard output and standard error.
final class InstanceLog {
    private let hub: LogHub
    private let service: String
    private(set) var tail = LogTail()
    private var sources: [Source] = []
    private var bars = ProgressBarFilter()
    /// Told each line, while somebody wants to know.
    var reader: ((String) -> Void)?

    init(hub: LogHub, service: String) {
        self.hub = hub
        self.service = service
    }

    private final class Source {
        let descriptor: CInt
        var splitter = LineSplitter()
        init(descriptor: CInt) { self.descriptor = descriptor }
    }

    /// A pipe for the instance to write to; close the returned end once it is the instance's.
    func pipe() throws -> CInt {
        var ends: [CInt] = [-1, -1]
        guard cox_pipe(&ends) == 0 else { throw SystemError("create a pipe for the log of \(service)") }
        let source = Source(descriptor: ends[0])
        do {
            // One chunk at a time: a service that writes without pause must not keep the loop to itself. It keeps this
            // object alive until the last who could write is gone.
            try hub.loop.watch(source.descriptor, for: .readable) { [self] _ in _ = read(source) }
        } catch {
            for end in ends { close(end) }
            throw error
        }
        sources.append(source)
        return ends[1]
    }

    /// Takes in what was written and not yet read: once nobody is left who could write.
    func drain() {
        for source in sources {
            // More than a pipe holds, and not without end.
            for _ in 0..<64 where !read(source) { break }
        }
    }

    /// - Returns: whether there may be more.
    private func read(_ source: Source) -> Bool {
        let more = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { chunk -> Bool? in
            let length = Glibc.read(source.descriptor, chunk.baseAddress, chunk.count)
            guard length > 0 else { return length < 0 && errno == EINTR ? true : length < 0 ? false : nil }
            emit(source.splitter.feed(chunk[..<length]))
            if let reader, let pending = source.splitter.pending { reader(pending) }
            return true
        }
        if let more { return more }
        if let rest = source.splitter.finish() { emit([rest]) }
        hub.loop.unwatch(source.descriptor)
        close(source.descriptor)
        sources.removeAll { $0 === source }
        return false
    }

    private func emit(_ lines: [String]) {
        let now = WallClock.now()
        for line in lines {
            tail.append(line)
            reader?(line)
            // A progress bar is drawn hundreds of times.
            guard bars.writes(line) else { continue }
            hub.write(LineParser.parse(line, service: service, pid: nil, time: now))
        }
    }
}

import CLinux
import Glibc
import OperatorLog
import ProcessHost
import TimeOfDay

/// Every line of every process becomes one record of one log.
final class LogHub {
    private let writer: LogWriter
    private let format: RecordFormat
    private let color: Bool
    private let loop: ProcessHost.EventLoop

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

    /// A pipe for a service to write to; close the returned end once it is the service's.
    func pipe(service: String) throws -> CInt {
        var ends: [CInt] = [-1, -1]
        guard cox_pipe(&ends) == 0 else { throw SystemError("create a pipe for the log of \(service)") }
        let source = Source(service: service)
        let reading = ends[0]
        try loop.watch(reading, for: .readable) { [unowned self] _ in
            // One chunk at a time: a service that writes without pause must not keep the loop to itself.
            var chunk = [UInt8](repeating: 0, count: 65536)
            let length = read(reading, &chunk, chunk.count)
            if length > 0 { return emit(source.splitter.feed(chunk[..<length]), from: source) }
            if length < 0, errno == EAGAIN || errno == EINTR { return }
            if let rest = source.splitter.finish() { emit([rest], from: source) }
            loop.unwatch(reading)
            close(reading)
        }
        return ends[1]
    }

    private func emit(_ lines: [String], from source: Source) {
        let now = WallClock.now()
        for line in lines { write(LineParser.parse(line, service: source.service, pid: nil, time: now)) }
    }

    private func write(_ record: Record) { writer.write(format.line(for: record, color: color)) }

    private final class Source {
        let service: String
        var splitter = LineSplitter()
        init(service: String) { self.service = service }
    }
}

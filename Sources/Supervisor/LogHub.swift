import Glibc
import Health
import OperatorLog
import ProcessHost
import Synchronization
import TimeOfDay

/// Every line of every process becomes one record of one log: shaped, filtered, masked, written and kept here.
///
/// On the loop's thread, but for ``recent`` and what writes.
final class LogHub {
    /// The last records of each service.
    let recent = RecentLog()
    private let tally = LogTally()
    private let writer: LogWriter
    private let shape: Shape
    private let loop: ProcessHost.EventLoop
    private var level = Record.Level.info
    private var redaction = Redaction(secrets: [])
    private var voices: [String: Voice] = [:]
    private let own = Voice(ownName)
    private var streams: [ObjectIdentifier: LogStream] = [:]
    /// The call that will look at what waits for its time.
    private var waking: (due: Double, token: ProcessHost.EventLoop.TimerToken)?
    let pace: PipePace

    /// How records are written; asked for by the thread that writes, too.
    private final class Shape: Sendable {
        let value: Mutex<(format: RecordFormat, color: Bool)>
        init(_ format: RecordFormat, color: Bool) { value = Mutex((format, color)) }
        func line(for record: Record) -> String {
            let (format, color) = value.withLock { $0 }
            return format.line(for: record, color: color)
        }
    }

    /// What is said under the name of one service, from start to start.
    final class Voice {
        let name: String
        /// The main process of its instance, once it is known: of lines that do not say whose they are.
        var pid: Int32?
        fileprivate var filter = RepeatFilter()
        fileprivate init(_ name: String) { self.name = name }
    }

    static let ownName = "coxswain"

    init(loop: ProcessHost.EventLoop, format: RecordFormat, color: Bool) {
        self.loop = loop
        let shape = Shape(format, color: color)
        self.shape = shape
        pace = PipePace(loop: loop)
        own.pid = getpid()
        writer = LogWriter(descriptor: STDOUT_FILENO, owner: Self.ownName) { losses in
            let services = losses.services.sorted { $0.key < $1.key }
            let lines = losses.total == 1 ? "1 line was" : "\(losses.total) lines were"
            return shape.line(
                for: Record(
                    time: WallClock.now(), level: .warning, service: Self.ownName, pid: getpid(),
                    message: "\(lines) dropped: nobody read them in time",
                    fields: services.map { Record.Field($0.key, .integer($0.value)) }))
        }
    }

    // MARK: Settings

    /// The least that is written and kept.
    func show(from level: Record.Level) { self.level = level }

    func write(as format: RecordFormat, color: Bool) { shape.value.withLock { $0 = (format, color) } }

    /// What must never be written, whoever says it.
    func keepSecret(_ secrets: [String]) { redaction = Redaction(secrets: secrets) }

    func redacted(_ text: String) -> String { redaction.apply(text) }

    /// A line as a service wrote it, with nothing in it that must not be told.
    func safe(_ line: String) -> String { redaction.apply(Privacy.apply(line)) }

    /// All lines that were ever dropped since nobody read them in time.
    var droppedLines: Int { writer.droppedLines }

    /// How much was said and lost; may be asked for on any thread.
    var measure: @Sendable () -> ContainerReading.Log {
        { [tally, writer] in tally.reading(dropped: writer.droppedLines) }
    }

    // MARK: In

    func log(_ level: Record.Level, _ message: String, _ fields: [(name: String, value: Record.Value)] = []) {
        lookAtStandardError()
        guard level >= self.level else { return }
        write(
            [
                Record(
                    time: WallClock.now(), level: level, service: Self.ownName, message: message,
                    fields: fields.map { Record.Field($0.name, $0.value) })
            ], of: own)
    }

    /// Tells what this process itself has said on standard error, if anything; costs one call of the kernel.
    func lookAtStandardError() {
        let lines = OwnStandardError.news()
        guard !lines.isEmpty else { return }
        let now = WallClock.now()
        write(
            lines.map { Record(time: now, level: .warning, service: Self.ownName, message: $0) }, of: own)
    }

    func voice(of service: String) -> Voice {
        if let voice = voices[service] { return voice }
        let voice = Voice(service)
        voices[service] = voice
        return voice
    }

    func begin(_ stream: LogStream) { streams[ObjectIdentifier(stream)] = stream }

    func end(_ stream: LogStream) { streams[ObjectIdentifier(stream)] = nil }

    func take(_ records: [Record], of voice: Voice) {
        lookAtStandardError()
        var passed: [Record] = []
        for record in records where record.level >= level { passed += voice.filter.pass(record) }
        write(passed, of: voice)
        wake(at: voice.filter.waitsUntil)
    }

    /// What was held back of a service, since nothing more is to be expected from it.
    func settle(_ voice: Voice) {
        write(voice.filter.finish(at: WallClock.now()), of: voice)
    }

    // MARK: Out

    private func write(_ records: [Record], of voice: Voice) {
        guard !records.isEmpty else { return }
        let (format, color) = shape.value.withLock { $0 }
        var kept = LineBatch()
        var shown = LineBatch()
        for record in records {
            var record = redaction.apply(record)
            // For people it would only be noise beside the name.
            if format == .console { shown.append(record, as: .console, color: color) }
            record.pid = record.pid ?? voice.pid
            kept.append(record, as: .json)
        }
        tally.count(records)
        writer.write(format == .console ? shown : kept, of: voice.name)
        recent.append(kept, of: voice.name)
    }

    /// For the last words before the end of the process.
    func flush() {
        for stream in streams.values { stream.finish() }
        for voice in voices.values { settle(voice) }
        lookAtStandardError()
        writer.flush(within: 1000)
    }

    // MARK: What waits for its time

    /// There will be something to do at this time (seconds since 1970). One timer for all, and none while nothing waits.
    func wake(at time: Double?) {
        guard let time else { return }
        if let waking {
            // One that comes too early sets the next.
            guard time < waking.due else { return }
            loop.cancel(waking.token)
        }
        let delay = min(max(time - WallClock.now(), 0.001), 60)
        waking = (time, loop.after(.milliseconds(Int((delay * 1000).rounded(.up)))) { [unowned self] in tick(time) })
    }

    private func tick(_ due: Double) {
        waking = nil
        // A clock on the wall that was set back keeps nobody waiting.
        let now = max(WallClock.now(), due)
        for stream in streams.values where stream.waitsUntil.map({ $0 <= now }) ?? false { stream.tick(at: now) }
        for voice in voices.values where voice.filter.waitsUntil.map({ $0 <= now }) ?? false {
            write(voice.filter.tick(at: now), of: voice)
        }
        let next = (streams.values.map(\.waitsUntil) + voices.values.map(\.filter.waitsUntil)).compactMap { $0 }.min()
        wake(at: next)
    }
}

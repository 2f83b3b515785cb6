import Glibc
import RenderProtocol
import Threads

/// Drives one renderer process at a time, on a thread of its own: blocking reads with deadlines are simple there, and a
/// stuck renderer costs no thread that Swift's tasks run on.
struct Worker: ~Copyable {
    private let index: Int
    private let dispatcher: Dispatcher
    private let configuration: RendererPool.Configuration
    private let wake: CInt

    private var renderer: RendererProcess?
    /// To the renderer; nil when there is none.
    private var channel: FrameChannel?
    /// The document that the renderer has open.
    private var document: UInt64?
    private var pages = 0
    /// Processor time, in nanoseconds, that the renderer had used when the attempt at hand began.
    private var usedBefore: UInt64 = 0
    /// Whether a renderer is started before there is work for it. Not after one was lost: it might be lost again.
    private var startsEarly = true

    private init(index: Int, dispatcher: Dispatcher, configuration: RendererPool.Configuration) {
        self.index = index
        self.dispatcher = dispatcher
        self.configuration = configuration
        wake = dispatcher.wakeDescriptor(worker: index)
    }

    /// - Returns: nil where the system has no thread left.
    static func startThread(
        index: Int, dispatcher: Dispatcher, configuration: RendererPool.Configuration
    ) -> pthread_t? {
        PlainThread.start {
            var worker = Worker(index: index, dispatcher: dispatcher, configuration: configuration)
            worker.run()
        }
    }

    private mutating func run() {
        while true {
            if channel == nil, startsEarly {
                do throws(Trouble) { try start() } catch { drop(error) }
            }
            switch dispatcher.next(worker: index, document: document) {
            case .work(let job):
                let result = perform(job)
                recycleIfWorn()
                job.continuation.resume(returning: result)
            case .forget:
                document = nil
                // One that cannot be told is found dead at the next wait.
                try? channel?.send(RenderRequest.close.encoded(), patience: patience(.seconds(1)))
            case .wait:
                wait()
            case .stop:
                drop(nil)
                return
            }
        }
    }

    /// Returns when there may be work. A renderer that says something unasked, as by dying, is dropped.
    private mutating func wait() {
        // poll ignores a descriptor of -1; a worker whose bell could not be hung looks up now and then instead.
        let channel = channel ?? FrameChannel(descriptor: -1)
        let patience = wake >= 0 ? .init(wake: wake) : patience(.milliseconds(100))
        do throws(FrameChannel.Failure) {
            try channel.wait(for: CShort(POLLIN), patience: patience)
            drop(.died)
        } catch {
            switch error {
            case .woken, .deadlinePassed: return
            default: drop(.died)
            }
        }
    }

    /// Two renderers may try: what one could not do because of what it had been through, a fresh one can. Not where the first
    /// was at work all the time that it had, which the second would be, too.
    private mutating func perform(_ job: Job) -> Result<WorkResult, RenderError> {
        var attempt = 1
        while true {
            do throws(Trouble) {
                return .success(try attemptOnce(job, attempt: attempt))
            } catch {
                if case .refused(let failure) = error {
                    return .failure(RenderError(failure, attempts: attempt))
                }
                let spent = used &- min(used, usedBefore)
                let end = drop(error)
                if let interruption = dispatcher.interruption(worker: index) { return .failure(interruption) }
                // A machine that is busy with other things may give it half of its time.
                let isEndless = error.isOutOfTime(end: end) && spent >= limit(of: job.work) / 2
                guard attempt < 2, !isEndless else {
                    return .failure(error.report(end: end, attempts: attempt, configuration: configuration))
                }
                attempt += 1
            }
        }
    }

    private mutating func attemptOnce(_ job: Job, attempt: Int) throws(Trouble) -> WorkResult {
        if channel == nil { try start() }
        usedBefore = used
        switch job.work {
        case .open:
            let (kind, pages) = try open(job.file)
            dispatcher.count { $0.documentsOpened += 1 }
            return .opened(kind: kind, pages: pages)
        case .render(let page, let budget):
            if document != job.file.identifier { _ = try open(job.file) }
            let began = monotonicNanoseconds()
            let reply = try ask(.render(page: page, budget: budget), within: configuration.pageDeadline)
            guard case .rendered(let rendered) = reply else { throw .senseless("answered a render with another thing") }
            if let objection = budget.objection(to: rendered) { throw .senseless(objection) }
            pages += 1
            dispatcher.count { $0.pagesRendered += 1 }
            return .page(
                EncodedPage(
                    width: rendered.width, height: rendered.height, dpi: rendered.dpi, pictures: rendered.pictures,
                    lacksPart: rendered.lacksPart,
                    renderMilliseconds: Double(monotonicNanoseconds() - began) / 1e6, attempts: attempt))
        }
    }

    /// Processor time that the renderer has used, in nanoseconds; 0 where there is none.
    private var used: UInt64 {
        switch renderer {
        case .some(let renderer): renderer.processorNanoseconds
        case .none: 0
        }
    }

    /// The longest time, in nanoseconds, that an attempt can take.
    private func limit(of work: Work) -> UInt64 {
        let deadline =
            switch work {
            case .open: configuration.openDeadline
            case .render: configuration.pageDeadline
            }
        return min(deadline, .seconds(configuration.processorSeconds)).nanoseconds
    }

    private mutating func open(_ file: DocumentFile) throws(Trouble) -> (DocumentKind, [PageSize]) {
        document = nil
        let reply = try ask(
            .open(password: file.password), passing: file.descriptor, within: configuration.openDeadline)
        guard case .opened(let kind, let pages) = reply else { throw .senseless("answered an open with another thing") }
        document = file.identifier
        return (kind, pages)
    }

    private mutating func start() throws(Trouble) {
        let seconds = configuration.pageDeadline.nanoseconds / 1_000_000_000 + 1
        let arguments = [
            "--address-space", "\(configuration.addressSpaceLimit)",
            "--cpu-seconds", "\(configuration.processorSeconds)",
            "--cpu-seconds-per-request", "\(seconds)",
        ]
        do throws(RendererProcess.StartFailure) {
            let process = try RendererProcess(executable: configuration.executable, arguments: arguments)
            dispatcher.note(worker: index, process: process.identifier)
            channel = process.channel
            renderer = consume process
            pages = 0
        } catch {
            throw .notStarted(error.message)
        }
        do throws(Trouble) {
            guard case .ready(let losses) = try receive(within: configuration.openDeadline) else {
                throw .senseless("did not say that it is ready")
            }
            for loss in dispatcher.firstHeard(of: losses) { configuration.reportLoss(loss) }
        } catch .died {
            throw .notStarted("\(configuration.executable) ended before it was ready")
        }
    }

    private func ask(
        _ request: RenderRequest, passing descriptor: CInt = -1, within limit: Duration
    ) throws(Trouble) -> RenderReply {
        guard let channel else { throw .died }
        let patience = patience(limit)
        do throws(FrameChannel.Failure) {
            try channel.send(request.encoded(), passing: descriptor, patience: patience)
        } catch {
            throw Trouble(error)
        }
        let reply = try receive(patience: patience)
        guard case .failed(let failure) = reply else { return reply }
        throw failure.code == .outOfMemory ? .outOfMemory(failure.message) : .refused(failure)
    }

    private func receive(within limit: Duration) throws(Trouble) -> RenderReply {
        try receive(patience: patience(limit))
    }

    private func receive(patience: FrameChannel.Patience) throws(Trouble) -> RenderReply {
        guard let channel else { throw .died }
        let body: [UInt8]
        do throws(FrameChannel.Failure) {
            body = try channel.receive(atMost: RenderLimits.replyBytes, patience: patience).body
        } catch {
            throw Trouble(error)
        }
        do throws(WireError) {
            return try RenderReply(decoding: body)
        } catch {
            throw .senseless(error.description)
        }
    }

    private func patience(_ limit: Duration) -> FrameChannel.Patience {
        FrameChannel.Patience(deadline: monotonicNanoseconds() + limit.nanoseconds, wake: wake)
    }

    private mutating func recycleIfWorn() {
        guard pages >= configuration.pagesPerProcess else { return }
        dispatcher.count { $0.recycled += 1 }
        drop(nil)
        startsEarly = true
    }

    /// Kills and reaps the renderer, if there is one.
    ///
    /// - Parameter trouble: what it is dropped for; nil when it is just no longer needed.
    @discardableResult
    private mutating func drop(_ trouble: Trouble?) -> RendererProcess.End? {
        document = nil
        pages = 0
        startsEarly = false
        channel = nil
        usedBefore = 0
        guard let process = renderer.take() else { return nil }
        // Said to be gone when it is.
        defer { dispatcher.note(worker: index, process: nil) }
        let end: RendererProcess.End
        switch trouble {
        case .died, .notStarted:
            // Its socket has ended; its status, due at once, says why.
            end = process.end(grace: .milliseconds(200))
        default:
            end = process.end()
        }
        if let trouble { dispatcher.count { trouble.count(in: &$0, end: end) } }
        return end
    }
}

import Lifecycle
import ProcessHost
import Progress

/// How far the container's start is and how long it still takes, from how long each part took in earlier starts on this
/// volume.
final class StartTracker {
    private var services: [ServiceDefinition]
    private var history = StartHistory()
    private var estimate: StartEstimate?
    private var began = Instant(.zero)
    /// Only a whole first start says how long starts take: what starts again has everything in the page cache.
    private var isFirst = true
    /// Services whose start has begun in this estimate.
    private var begun: Set<String> = []
    /// What is being fetched, by its own word: how long it still took, and when it said so.
    private var download: (left: Duration, at: Instant)?
    /// When that began, and how far it was then.
    private var downloadBegan: (fraction: Double, at: Instant)?
    /// Services whose time tells nothing of that of the next start.
    private var unusual: Set<Substring> = []
    private let loop: EventLoop
    private var file: String?

    init(loop: EventLoop, services: [ServiceDefinition]) {
        self.loop = loop
        self.services = services
    }

    /// The container's start begins.
    func begin(in stateFolder: String, at now: Instant) {
        let path = "\(stateFolder)/starts.json"
        file = path
        history = SmallFile.read(path).map { StartHistory(decoding: $0) } ?? StartHistory()
        estimate = StartEstimate(plan(from: nil), at: now.sinceBeginning)
        began = now
    }

    /// - Returns: the share of the start that is done, 0…1, and the time left; nil while nothing is being started.
    func value(at now: Instant) -> (share: Double, remaining: Duration)? {
        guard let estimate, !isOver else { return nil }
        let usual = estimate.value(at: now.sinceBeginning)
        guard let download else { return usual }
        // Nobody knows beforehand how long a download takes: what it says of itself counts, also where that grows.
        let remaining = max(.zero, download.left - (now - download.at)) + usual.remaining
        let elapsed = now - began
        return (min(elapsed / (elapsed + remaining), 0.99), remaining)
    }

    private var isOver = false

    func started(_ definition: ServiceDefinition, at now: Instant) {
        guard isCounted(definition) else { return }
        if isOver || begun.contains(definition.name) {
            // It begins again: a new estimate, from this service on.
            isFirst = false
            isOver = false
            begun = []
            estimate = StartEstimate(plan(from: definition.name), at: now.sinceBeginning)
            began = now
        }
        begun.insert(definition.name)
        if [.preload, .engine].contains(definition.role) { (download, downloadBegan) = (nil, nil) }
        let format = definition.logFormat.flatMap(LogFormat.init(rawValue:))
        entered(definition, phase: (format?.phases ?? [.starting]).first?.name ?? "", at: now)
    }

    func progressed(_ definition: ServiceDefinition, _ progress: Event.Progress, at now: Instant) {
        guard isCounted(definition), begun.contains(definition.name) else { return }
        if definition.isPreload { return downloads(definition, progress, at: now) }
        entered(definition, phase: progress.phase, at: now)
        if let fraction = progress.fraction { estimate?.moved(fraction: fraction, at: now.sinceBeginning) }
    }

    /// Everything is ready.
    ///
    /// - Returns: how long that took; nil where nothing was being started.
    @discardableResult
    func finished(at now: Instant) -> StartSummary? {
        guard !isOver, var estimate else { return nil }
        estimate.finished(at: now.sinceBeginning)
        isOver = true
        begun = []
        if isFirst {
            isFirst = false
            history.record(estimate.measured.filter { stage in !unusual.contains(stage.key.prefix { $0 != "/" }) })
            write()
        }
        self.estimate = estimate
        return StartSummary(total: now - began, stages: estimate.measured)
    }

    func reloaded(_ services: [ServiceDefinition]) { self.services = services }

    // MARK: Parts

    private func downloads(_ definition: ServiceDefinition, _ progress: Event.Progress, at now: Instant) {
        guard let fraction = progress.fraction else { return }
        unusual.insert(definition.name[...])
        let began = downloadBegan ?? (fraction, now)
        downloadBegan = began
        if let left = progress.remaining {
            download = (left, now)
        } else if fraction > began.fraction {
            // At the pace so far; a year is as good as for ever.
            let left = (now - began.at) * ((1 - fraction) / (fraction - began.fraction))
            download = (min(left, .seconds(31_536_000)), now)
        }
    }

    private func entered(_ definition: ServiceDefinition, phase: String, at now: Instant) {
        let format = definition.logFormat.flatMap(LogFormat.init(rawValue:))
        guard let phase = (format?.phases ?? [.starting]).first(where: { $0.name == phase }) else { return }
        estimate?.entered(stage: StartPlan.key(definition.name, format, phase), at: now.sinceBeginning)
    }

    /// What others wait for, one after the other; the API starts beside them.
    private func isCounted(_ definition: ServiceDefinition) -> Bool {
        [.preload, .engine, .warmup].contains(definition.role)
    }

    private func plan(from service: String?) -> StartPlan {
        let counted = services.filter(isCounted)
        let first = service.flatMap { name in counted.firstIndex { $0.name == name } } ?? 0
        return StartPlan(
            counted[first...].map { definition in
                StartPlan.Part(
                    service: definition.name, format: definition.logFormat.flatMap(LogFormat.init(rawValue:)))
            }, history: history)
    }

    private func write() {
        guard let file else { return }
        let text = history.encoded()
        // Not between the last check and the first request. A full disk is said by who needs it: only the next estimate
        // is worse.
        loop.after(.milliseconds(200)) { try? WholeFile.write(text, to: file) }
    }
}

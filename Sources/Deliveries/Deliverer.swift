package import Jobs
package import Logging
import Pipeline
import TimeOfDay

/// Brings what jobs' ends have left in the store to where it is to go, until it is there or its time is over.
///
/// The store knows of every delivery before this does, and of every try after it: whatever ends this process, each is made at
/// least once.
package actor Deliverer {
    private let store: JobStore
    private let channels: [Delivery.Kind: any DeliveryChannel]
    private let policy: DeliveryPolicy
    private let logger: Logger
    package nonisolated let metrics = DeliveryMetrics()

    private var schedule: DeliverySchedule
    private var underWay: [String: Task<Void, Never>] = [:]
    /// Sleeps until the next one is due.
    private var timer: Task<Void, Never>?
    private struct Watch {
        /// Opens after the next try for the job.
        let latch = Latch()
        var watchers = 0
    }

    private var watches: [JobIdentifier: Watch] = [:]
    private var isStopped = false

    /// - Parameter channels: a kind without one waits for a start with other settings, until its time is over.
    package init(
        store: JobStore, channels: [Delivery.Kind: any DeliveryChannel], policy: DeliveryPolicy = DeliveryPolicy(),
        limits: DeliverySchedule.Limits = DeliverySchedule.Limits(), logger: Logger
    ) {
        self.store = store
        self.channels = channels
        self.policy = policy
        self.logger = logger
        schedule = DeliverySchedule(limits: limits)
    }

    /// Goes on with what an earlier life left. All of it is due: what was in the way may have been our own settings, and how
    /// long nobody was there the times in the store do not say.
    package func resume() async throws(JobStoreError) {
        let left = try await store.waitingDeliveries()
        let now = WallClock.now()
        for delivery in left {
            var entry = DeliverySchedule.Entry(delivery)
            entry.due = min(entry.due, now)
            schedule.add(entry)
        }
        if !left.isEmpty {
            logger.info(
                "going on with deliveries that were not made", metadata: ["deliveries": .stringConvertible(left.count)])
        }
        proceed()
    }

    /// A job has ended.
    package func take(_ job: Job) {
        for delivery in job.deliveries where delivery.status == .waiting { schedule.add(.init(delivery)) }
        proceed()
    }

    /// A job was removed; nobody is told of it any more.
    package func forget(_ job: JobIdentifier) {
        for id in schedule.forget(job) { underWay[id]?.cancel() }
        watches.removeValue(forKey: job)?.latch.open()
        proceed()
    }

    /// Returns once each delivery of a finished job was tried, or when the task is cancelled.
    package func waitForFirstTries(of id: JobIdentifier) async {
        while !isStopped, !Task.isCancelled {
            // Taken before the store is asked, so that no try is missed in between.
            watches[id, default: Watch()].watchers += 1
            let latch = watches[id]?.latch
            let deliveries = (try? await store.job(id))?.deliveries ?? []
            let isOver = !deliveries.contains { $0.status == .waiting && $0.attempts == 0 }
            if !isOver { await latch?.wait() }
            leave(id, latch)
            if isOver { return }
        }
    }

    private func leave(_ id: JobIdentifier, _ latch: Latch?) {
        guard let watch = watches[id], watch.latch === latch else { return }
        watches[id]?.watchers -= 1
        if watch.watchers == 1 { watches[id] = nil }
    }

    /// Ends what is under way, within a second or so; the store keeps what was not made.
    package func stop() async {
        isStopped = true
        timer?.cancel()
        for watch in watches.values { watch.latch.open() }
        let tasks = Array(underWay.values)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: How things stand

    package struct Load: Sendable, Equatable {
        /// Deliveries that are not over, by their kind.
        package var waiting: [Delivery.Kind: Int]
        /// Seconds since the oldest of them became due for the first time; 0 when there is none.
        package var oldestAge: Double
    }

    package var load: Load {
        Load(
            waiting: Dictionary(uniqueKeysWithValues: Delivery.Kind.allCases.map { ($0, schedule.count(of: $0)) }),
            oldestAge: schedule.oldest.map { max(0, WallClock.now() - $0) } ?? 0)
    }

    // MARK: The work

    /// Looked at again at least so often: the clock on the wall may be set.
    private static let longestSleep = 60.0

    private func proceed() {
        guard !isStopped else { return }
        let now = WallClock.now()
        while let entry = schedule.next(at: now) {
            underWay[entry.id] = Task { await self.attempt(entry) }
        }
        timer?.cancel()
        timer = schedule.nextDue().map { due in
            Task {
                let pause = min(max(due - now, 0.001), Self.longestSleep)
                guard (try? await Task.sleep(for: .seconds(pause))) != nil else { return }
                self.proceed()
            }
        }
    }

    private func attempt(_ entry: DeliverySchedule.Entry) async {
        let start = ContinuousClock.now
        let job: Job?
        do {
            job = try await store.job(entry.job)
        } catch {
            report(error, "a job of which something is to be delivered cannot be read", entry.job)
            return ended(entry, next: WallClock.now() + Self.longestSleep, isReached: false)
        }
        guard let job, let delivery = job.deliveries.first(where: { $0.id == entry.id }), delivery.status == .waiting
        else { return ended(entry, next: nil, isReached: false) }
        let problem = await deliver(delivery, of: job)
        // A transfer that a stop has ended is none: it is made at the next start.
        if problem != nil, Task.isCancelled { return ended(entry, next: nil, isReached: false) }
        let outcome: DeliveryOutcome =
            problem.map {
                policy.outcome(
                    of: $0, attempts: delivery.attempts, createdAt: delivery.createdAt, at: WallClock.now(),
                    jitter: .random(in: 0...1))
            } ?? .done
        let seconds = start.duration(to: .now) / .seconds(1)
        metrics.tried(delivery.kind, outcome, seconds: seconds)
        report(delivery, outcome, seconds)
        await record(outcome, delivery)
        var next: Double?
        if case .again(let time, _) = outcome { next = time }
        ended(entry, next: next, isReached: problem == nil)
    }

    /// - Returns: what was in the way.
    private func deliver(_ delivery: Delivery, of job: Job) async -> DeliveryProblem? {
        guard let channel = channels[delivery.kind] else {
            return DeliveryProblem(Self.turnedOff(delivery.kind), hope: .slow)
        }
        do {
            try await channel.deliver(delivery, of: job)
            return nil
        } catch {
            return error
        }
    }

    private static func turnedOff(_ kind: Delivery.Kind) -> String {
        switch kind {
        case .objects: "no object store is set up in this container any more"
        case .webhook: "webhooks are turned off in this container (COXSWAIN_WEBHOOKS)"
        }
    }

    private func ended(_ entry: DeliverySchedule.Entry, next: Double?, isReached: Bool) {
        underWay[entry.id] = nil
        schedule.ended(entry, next: next, isReached: isReached)
        if entry.kind == .objects { schedule.hasten(entry.job, at: WallClock.now()) }
        watches.removeValue(forKey: entry.job)?.latch.open()
        proceed()
    }

    /// Tries until it is written down: what was made once need not be made again. If this process ends first, it is.
    private func record(_ outcome: DeliveryOutcome, _ delivery: Delivery) async {
        var isReported = false
        while true {
            do {
                _ = try await store.record(outcome, of: delivery.id)
                return
            } catch {
                if !isReported {
                    isReported = true
                    report(error, "what came of a delivery cannot be written; trying on", delivery.job)
                }
                guard error.isPassing, !isStopped, (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }

    private func report(_ error: JobStoreError, _ what: Logger.Message, _ job: JobIdentifier) {
        logger.error(what, metadata: ["job": .string("\(job)"), "error": .string("\(error)")])
    }

    private func report(_ delivery: Delivery, _ outcome: DeliveryOutcome, _ seconds: Double) {
        var metadata: Logger.Metadata = [
            "job": .string("\(delivery.job)"), "kind": .string(delivery.kind.rawValue),
            delivery.kind == .objects ? "bucket" : "host": .string(delivery.place),
            "attempts": .stringConvertible(delivery.attempts + 1),
            "milliseconds": .stringConvertible(Int(seconds * 1000)),
        ]
        switch outcome {
        case .done: logger.info("delivered", metadata: metadata)
        case .again(let time, let detail):
            metadata["error"] = .string(detail)
            metadata["retry_in_seconds"] = .stringConvertible(max(0, Int(time - WallClock.now())))
            // One warning a delivery: an outage would otherwise fill the log.
            logger.log(
                level: delivery.attempts == 0 ? .warning : .debug, "a delivery failed and is tried again",
                metadata: metadata)
        case .failed(let detail):
            metadata["error"] = .string(detail)
            logger.error("a delivery was given up; the result is in OUTPUT_DIR and in the job", metadata: metadata)
        }
    }
}

import GPU
import Health
import Lifecycle
import ProcessHost
import Prometheus
import Synchronization
import TimeOfDay

/// What is counted and measured for `/metrics` and for whoever asks for the state.
///
/// The deciding thread says what happens; whoever answers asks, on another thread. Processes are looked at only then, and at
/// most once a second: a container that nobody asks wakes up for none of this.
final class Measurements: Sendable {
    private struct Known {
        var services: [String: Counted] = [:]
        /// By the number of the start.
        var instances: [Int: Instance] = [:]
        /// Since when the container is not ready; nil while it is.
        var notReadySince: Instant?
        var timeToReady: Duration?
        var readyAt: Double?
        var gpus = GPUReport()
        var gpusReadAt: Double?
    }

    private struct Counted {
        var hasChecks = false
        var hasCanary = false
        var failures: [Diagnosis.Kind: Int] = [:]
        var checks: [Check: Int] = [:]
        var canaries: [Canary: Int] = [:]
        var canaryTimes = Histogram(bounds: Measurements.canaryBounds)
        var start = StartTimes()
        /// Of instances that are gone.
        var processorTime = Duration.zero
    }

    private struct Instance {
        var service: String
        var shim: ProcessID
        var memoryFile: String?
        /// The most that was ever read of its processor time: a child that nobody waits for takes its time with it.
        var processorTime = Duration.zero
    }

    /// How a health check ended.
    enum Check: String, CaseIterable, Sendable { case ok, unwell, silent }
    /// How a canary request ended.
    enum Canary: String, CaseIterable, Sendable { case alive, silent, failed, refused }

    private struct Measured {
        var at: UInt64
        var usage: [ProcessID: TreeUsage]
        var groups: [Int: UInt64]
        var own: TreeUsage?
        var memory: ContainerMemory
    }

    private let known: Mutex<Known>
    /// Apart from what is known: nobody who has something to say waits for files of /proc.
    private let measured = Mutex<Measured?>(nil)
    /// When the GPUs were last wished to be asked; nanoseconds.
    private let gpusWanted = Mutex<UInt64>(0)
    /// Processor time as it was last told, by service.
    private let shownSeconds = Mutex<[String: Double]>([:])
    private let memoryFiles = ContainerMemoryFiles()
    private let log: @Sendable () -> ContainerReading.Log
    private let askGPUs: @Sendable () -> Void

    /// Seconds; one token of a canary takes milliseconds, and its patience ends after some ten seconds.
    private static let canaryBounds: [Double] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    private static let shortest: UInt64 = 1_000_000_000
    /// Time between two questions to the GPU driver, in seconds; only while somebody wants to know.
    private static let gpuPause = 60.0

    /// - Parameters:
    ///   - log: called on any thread.
    ///   - askGPUs: has the GPUs asked, some time soon; called on any thread.
    init(
        services: [ServiceDefinition], at now: Instant, log: @escaping @Sendable () -> ContainerReading.Log,
        askGPUs: @escaping @Sendable () -> Void
    ) {
        self.log = log
        self.askGPUs = askGPUs
        known = Mutex(Known(notReadySince: now))
        know(services)
    }

    // MARK: What happens

    /// The services that there are from now on; what was counted of them stays.
    func know(_ services: [ServiceDefinition]) {
        known.withLock { known in
            for definition in services {
                known.services[definition.name, default: Counted()].hasChecks = definition.watch != nil
                known.services[definition.name, default: Counted()].hasCanary = definition.watch?.canary != nil
            }
        }
    }

    func starts(_ service: String, at now: Instant) {
        known.withLock { $0.services[service, default: Counted()].start.began(at: now) }
    }

    func entered(_ service: String, phase: String, at now: Instant) {
        known.withLock { $0.services[service, default: Counted()].start.entered(phase, at: now) }
    }

    func note(_ report: Report, of services: [ServiceMachine], at now: Instant) {
        func name(_ id: InstanceID) -> String { services[id.service].definition.name }
        known.withLock { known in
            switch report {
            case .ready(let id, let after), .done(let id, let after):
                known.services[name(id), default: Counted()].start.finished(after: after, at: now)
            case .failed(let id, let diagnosis, _):
                known.services[name(id), default: Counted()].failures[diagnosis.kind, default: 0] += 1
            case .phase(.ready, _):
                known.timeToReady = known.notReadySince.map { now - $0 } ?? known.timeToReady
                known.notReadySince = nil
                known.readyAt = WallClock.now()
            case .phase:
                known.notReadySince = known.notReadySince ?? now
            default: break
            }
        }
    }

    func checked(_ service: String, _ check: Check) {
        known.withLock { $0.services[service, default: Counted()].checks[check, default: 0] += 1 }
    }

    /// - Parameter seconds: until the answer; nil when none came.
    func canary(_ service: String, _ canary: Canary, seconds: Double?) {
        known.withLock { known in
            known.services[service, default: Counted()].canaries[canary, default: 0] += 1
            if let seconds { known.services[service]?.canaryTimes.observe(seconds) }
        }
    }

    /// - Parameter memoryFile: of its control group, where that counts.
    func runs(_ service: String, number: Int, shim: ProcessID, memoryFile: String?) {
        known.withLock { $0.instances[number] = Instance(service: service, shim: shim, memoryFile: memoryFile) }
    }

    /// Nothing is left of an instance.
    ///
    /// - Parameter used: in all its life; nil where nobody knows.
    func ended(number: Int, used: Duration?) {
        known.withLock { known in
            guard let instance = known.instances.removeValue(forKey: number) else { return }
            known.services[instance.service, default: Counted()].processorTime += max(
                used ?? .zero, instance.processorTime)
        }
    }

    func read(_ gpus: GPUReport) {
        known.withLock { known in
            known.gpus = gpus
            known.gpusReadAt = WallClock.now()
        }
    }

    // MARK: What is asked

    /// Takes a millisecond or two: the small files of each process here.
    func reading() -> ContainerReading {
        let measured = measure(known.withLock { $0.instances })
        let known = known.withLock { known in
            for (number, instance) in known.instances {
                guard let time = measured.usage[instance.shim]?.processorTime else { continue }
                known.instances[number]?.processorTime = max(time, instance.processorTime)
            }
            return known
        }
        wantGPUs(known)
        var reading = ContainerReading()
        reading.services = known.services.keys.sorted().compactMap { name in
            known.services[name].map { service(name, $0, known, measured) }
        }
        reading.memory.usedBytes = measured.memory.used
        reading.memory.limitBytes = measured.memory.limit
        reading.memory.peakBytes = measured.memory.peak
        reading.memory.outOfMemoryKills = measured.memory.outOfMemoryKills
        reading.gpus = known.gpus.gpus.flatMap { gpu in
            (gpu.slices ?? [gpu]).map { .init($0, of: gpu, isSlice: gpu.slices != nil) }
        }
        reading.gpusReadAt = known.gpusReadAt
        reading.log = log()
        reading.supervisor = .init(
            memoryBytes: measured.own?.residentBytes, processorSeconds: measured.own?.processorTime.inSeconds,
            processes: measured.own?.processes)
        reading.timeToReady = known.timeToReady?.inSeconds
        reading.readyAt = known.readyAt
        return reading
    }

    private func service(
        _ name: String, _ counted: Counted, _ known: Known, _ measured: Measured
    ) -> ContainerReading.Service {
        var service = ContainerReading.Service(name: name)
        service.failures = Diagnosis.Kind.allCases.map { .init($0.rawValue, counted.failures[$0] ?? 0) }
        if counted.hasChecks {
            service.healthChecks = Check.allCases.map { .init($0.rawValue, counted.checks[$0] ?? 0) }
        }
        if counted.hasCanary {
            service.canaries = Canary.allCases.map { .init($0.rawValue, counted.canaries[$0] ?? 0) }
            service.canaryTimes = counted.canaryTimes
        }
        service.startSeconds = counted.start.whole?.inSeconds
        service.phases = counted.start.phases.map { .init($0.name, $0.took.inSeconds) }
        let own = known.instances.filter { $0.value.service == name }
        let usage = own.values.compactMap { measured.usage[$0.shim] }
        let live = own.values.reduce(Duration.zero) { $0 + $1.processorTime }
        service.usage = .init(
            memoryBytes: usage.isEmpty ? nil : usage.reduce(0) { $0 + $1.residentBytes },
            processorSeconds: neverLess(name, (counted.processorTime + live).inSeconds),
            processes: usage.reduce(0) { $0 + $1.processes })
        let groups = own.keys.compactMap { measured.groups[$0] }
        service.groupMemoryBytes = groups.isEmpty ? nil : groups.reduce(0, +)
        return service
    }

    /// Prometheus takes a counter that falls for one that began anew, and adds all of it once more.
    private func neverLess(_ service: String, _ seconds: Double) -> Double {
        shownSeconds.withLock { shown in
            let seconds = max(seconds, shown[service] ?? 0)
            shown[service] = seconds
            return seconds
        }
    }

    private func measure(_ instances: [Int: Instance]) -> Measured {
        measured.withLock { last in
            let now = ProcessHost.EventLoop.now()
            if let last, now - last.at < Self.shortest { return last }
            let groups = instances.compactMapValues { instance in
                instance.memoryFile.flatMap { SmallFile.read($0) }.flatMap { UInt64($0.filter(\.isNumber)) }
            }
            let measured = Measured(
                at: now, usage: TreeUsage.read(below: instances.values.map(\.shim)), groups: groups,
                own: TreeUsage.ofThisProcess(), memory: memoryFiles.read())
            last = measured
            return measured
        }
    }

    private func wantGPUs(_ known: Known) {
        // Never asked: there is nothing to ask for.
        guard let read = known.gpusReadAt, WallClock.now() - read >= Self.gpuPause else { return }
        let now = ProcessHost.EventLoop.now()
        let isWanted = gpusWanted.withLock { last in
            guard now - last >= UInt64(Self.gpuPause * 1e9) else { return false }
            last = now
            return true
        }
        if isWanted { askGPUs() }
    }
}

extension ContainerReading.GPU {
    fileprivate init(_ device: GPUReport.Device, of gpu: GPUReport.Device, isSlice: Bool) {
        self.init(
            number: isSlice ? "\(gpu.index).\(device.index)" : "\(gpu.index)", uuid: device.uuid, name: device.name,
            usedBytes: device.memoryUsed, totalBytes: device.memoryTotal)
    }
}

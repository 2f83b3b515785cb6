package import Prometheus

/// What PID 1 counts and measures beside the container's state. Times are seconds; what cannot be known is nil.
package struct ContainerReading: Sendable, Equatable {
    package var services: [Service] = []
    package var memory = Memory()
    package var gpus: [GPU] = []
    /// When the GPUs were last asked, since 1970.
    package var gpusReadAt: Double?
    package var log = Log()
    package var supervisor = Usage()
    /// From the container's start, or from when it was last ready, to when it was ready again.
    package var timeToReady: Double?
    /// When it last became ready, since 1970.
    package var readyAt: Double?

    package init() {}

    /// A number of things of one kind.
    package struct Count: Sendable, Equatable {
        /// One of few words.
        package var what: String
        package var count: Int

        package init(_ what: String, _ count: Int) {
            self.what = what
            self.count = count
        }
    }

    /// What processes use.
    package struct Usage: Sendable, Equatable {
        /// Resident memory, added up: what two of them share counts twice.
        package var memoryBytes: UInt64?
        /// Since the container's start.
        package var processorSeconds: Double?
        package var processes: Int?

        package init(memoryBytes: UInt64? = nil, processorSeconds: Double? = nil, processes: Int? = nil) {
            self.memoryBytes = memoryBytes
            self.processorSeconds = processorSeconds
            self.processes = processes
        }
    }

    package struct Service: Sendable, Equatable {
        package var name: String
        package var usage = Usage()
        /// As its control group counts, page cache included; nil where it has none that does.
        package var groupMemoryBytes: UInt64?
        /// By cause, all that there may be.
        package var failures: [Count] = []
        /// By outcome.
        package var healthChecks: [Count] = []
        package var canaries: [Count] = []
        package var canaryTimes: Histogram?
        /// Of its last start.
        package var startSeconds: Double?
        package var phases: [Phase] = []

        package init(name: String) { self.name = name }
    }

    /// A part of a service's start.
    package struct Phase: Sendable, Equatable {
        package var name: String
        package var seconds: Double

        package init(_ name: String, _ seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// Of the container, as its control group counts.
    package struct Memory: Sendable, Equatable {
        package var usedBytes: Int?
        package var limitBytes: Int?
        package var peakBytes: Int?
        package var outOfMemoryKills: Int?

        package init() {}
    }

    /// A GPU, or a slice of one.
    package struct GPU: Sendable, Equatable {
        /// Its number, and behind a dot that of the slice.
        package var number: String
        package var uuid: String
        package var name: String
        package var usedBytes: UInt64?
        package var totalBytes: UInt64?

        package init(number: String, uuid: String, name: String, usedBytes: UInt64?, totalBytes: UInt64?) {
            self.number = number
            self.uuid = uuid
            self.name = name
            self.usedBytes = usedBytes
            self.totalBytes = totalBytes
        }
    }

    package struct Log: Sendable, Equatable {
        /// By level.
        package var records: [Count] = []
        /// Lines that nobody read in time.
        package var droppedLines: Int?

        package init() {}
    }
}

extension ContainerState {
    /// The state with what its services use.
    package func measured(by reading: ContainerReading?) -> ContainerState {
        var state = self
        for index in state.services.indices {
            let own = reading?.services.first { $0.name == state.services[index].name }
            state.services[index].memoryBytes = own?.usage.memoryBytes
        }
        return state
    }
}

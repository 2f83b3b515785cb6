/// Says whether the memory that a service held on its GPUs is back, so that it can be started again.
///
/// The driver takes memory back a moment after the last process that held it is gone; an engine that starts before finds
/// too little and gives up. Knows no clock and no bound: whoever feeds it stops when enough time has gone by.
package struct MemoryRelease: Sendable, Equatable {
    /// What was used before the service was first started, by others.
    private let baseline: UInt64?
    /// The level that counts as free of our service: the baseline and some noise.
    private let goal: UInt64?
    private var lowest: Level?
    private var failuresInARow = 0

    /// The lowest level so far, and for how long nothing has been below it.
    private struct Level: Sendable, Equatable {
        var used: UInt64
        var since: Duration
        var readings: Int
    }

    /// In bytes, all selected devices together.
    package struct Memory: Sendable, Equatable {
        package var used: UInt64
        package var total: UInt64

        package init(used: UInt64, total: UInt64) {
            self.used = used
            self.total = total
        }

        /// - Returns: nil when there is no device, or when what one of them uses is not known.
        package init?(of devices: [GPUReport.Device]) {
            guard !devices.isEmpty else { return nil }
            self.init(used: 0, total: 0)
            for device in devices {
                guard let used = device.memoryUsed, let total = device.memoryTotal else { return nil }
                self.used += used
                self.total += total
            }
        }
    }

    package enum Verdict: Sendable, Equatable {
        /// Memory is still coming back, or may be.
        case wait
        /// As much is free as before the first start.
        case released
        /// No more comes back: the rest, so many bytes above the level before the first start, is held by somebody else.
        /// Nil where that level is not known.
        case settled(above: UInt64?)
        /// The level cannot be read here.
        case unknown
    }

    /// A drop of less is noise and not our service's memory coming back.
    private static let noise: UInt64 = 8 << 20
    /// The level has settled when it has not fallen in so many readings, and for so long.
    private static let settledReadings = 4
    private static let settledTime: Duration = .seconds(3)
    /// One reading may fail or time out while the driver is busy with the very memory we wait for.
    private static let failuresAllowed = 2

    /// - Parameter baseline: read before the service's first start; nil where that was not possible.
    package init(baseline: Memory?) {
        self.baseline = baseline?.used
        goal = baseline.map { $0.used + min($0.total / 20, 512 << 20) }
    }

    /// - Parameters:
    ///   - memory: what was read; nil when the reading failed.
    ///   - elapsed: since any moment, the same for all readings.
    package mutating func read(_ memory: Memory?, at elapsed: Duration) -> Verdict {
        guard let memory else {
            failuresInARow += 1
            let isPossibleHere = baseline != nil || lowest != nil
            return isPossibleHere && failuresInARow <= Self.failuresAllowed ? .wait : .unknown
        }
        failuresInARow = 0
        if let goal, memory.used <= goal { return .released }

        // Compared with the level of the last real drop, so that many small ones add up.
        guard var level = lowest, memory.used > level.used || level.used - memory.used < Self.noise else {
            lowest = Level(used: memory.used, since: elapsed, readings: 0)
            return .wait
        }
        level.readings += 1
        lowest = level
        guard level.readings >= Self.settledReadings, elapsed - level.since >= Self.settledTime else { return .wait }
        return .settled(above: baseline.map { memory.used > $0 ? memory.used - $0 : 0 })
    }
}

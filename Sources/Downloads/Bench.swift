import Synchronization

/// What the threads beside the run's have to tell it.
enum Report: Sendable {
    case hashed(Int, Int, HashFollower.End)
    case checkpointed(Int, Int, Bool)
    case placed(Int, Int, FileTrouble?)
}

/// What all files of a run share: the thread that waits for the disk, and the way back from the threads.
final class Bench: Sendable {
    /// Syncs, journals and renames, one after another.
    let disk = Worker()
    private let alarm: Alarm
    private let reports = Mutex<[Report]>([])

    init(_ alarm: Alarm) { self.alarm = alarm }

    func takeReports() -> [Report] {
        reports.withLock { reports in
            defer { reports = [] }
            return reports
        }
    }

    private func post(_ report: Report) {
        reports.withLock { $0.append(report) }
        alarm.ring()
    }

    func hashed(_ file: Int, _ generation: Int) -> @Sendable (HashFollower.End) -> Void {
        { self.post(.hashed(file, generation, $0)) }
    }

    func checkpointed(_ file: Int, _ generation: Int) -> @Sendable (Bool) -> Void {
        { self.post(.checkpointed(file, generation, $0)) }
    }

    func placed(_ file: Int, _ generation: Int) -> @Sendable (FileTrouble?) -> Void {
        { self.post(.placed(file, generation, $0)) }
    }
}

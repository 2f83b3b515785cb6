import Health
import OperatorLog
import Synchronization

/// How many records the log was given, by their level; for whoever asks, on any thread.
final class LogTally: Sendable {
    private let counts = Mutex<[Record.Level: Int]>([:])

    func count(_ records: [Record]) {
        counts.withLock { counts in
            for record in records { counts[record.level, default: 0] += 1 }
        }
    }

    func reading(dropped: Int) -> ContainerReading.Log {
        let counts = counts.withLock { $0 }
        var log = ContainerReading.Log()
        log.records = Record.Level.allCases.map { .init($0.rawValue, counts[$0] ?? 0) }
        log.droppedLines = dropped
        return log
    }
}

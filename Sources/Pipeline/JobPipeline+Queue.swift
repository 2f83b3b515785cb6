import Jobs
import TimeOfDay

/// How much there is to do.
extension JobPipeline {
    package struct Queue: Sendable {
        /// Pages of opened documents that nobody has begun.
        package var pagesWaiting = 0
        /// Pages that are drawn, read or written, and documents that are being opened.
        package var pagesUnderWay = 0
        /// Seconds since the oldest document that is not finished came in; 0 when there is none.
        package var oldestAge = 0.0
    }

    package var queue: Queue {
        var queue = Queue()
        let now = WallClock.now()
        for entry in active.values {
            queue.pagesWaiting += entry.pending.count
            queue.pagesUnderWay += entry.tasks.count
            queue.oldestAge = max(queue.oldestAge, now - entry.job.createdAt)
        }
        return queue
    }
}

/// What a process, or a whole tree of them, has used when it is over; getrusage(2).
package struct ResourceUsage: Sendable, Equatable {
    /// Processor time in its own code.
    package var user: Duration
    /// Processor time in the kernel.
    package var system: Duration
    /// The most memory that it held at a time; of a tree, what the largest process of it held.
    package var peakKibibytes: Int

    package static let none = ResourceUsage(user: .zero, system: .zero, peakKibibytes: 0)

    package init(user: Duration, system: Duration, peakKibibytes: Int) {
        self.user = user
        self.system = system
        self.peakKibibytes = peakKibibytes
    }

    /// User and system time together.
    package var processorTime: Duration { user + system }

    /// Adds another process: times add up, of peaks the higher one stays.
    package mutating func add(_ other: ResourceUsage) {
        user += other.user
        system += other.system
        peakKibibytes = max(peakKibibytes, other.peakKibibytes)
    }
}

import Jobs

/// Names one request in the log and in its answer.
package struct RequestIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// As a job's: 128 random bits, so that nobody can guess another's.
    package let description = JobIdentifier().description

    package init() {}
}

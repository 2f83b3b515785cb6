extension Diagnosis {
    /// What one rule reads in the log of a service that ended; for the documentation, which lists them all.
    package struct KnownCause: Sendable, Equatable {
        package var kind: Kind
        /// Completes "exited with status 1: …".
        package var cause: String
        package var hint: String
        /// A retry can help an instance that never was ready.
        package var canRetry: Bool
        /// A line tells it that holds all phrases of one of these; capital letters do not matter.
        package var phrases: [[String]]
        /// Exit statuses that go with it; empty: any end.
        package var codes: [Int32]
    }

    /// In the order in which they are tried.
    package static var knownCauses: [KnownCause] {
        DiagnosisRule.all.map { rule in
            KnownCause(
                kind: rule.kind, cause: rule.cause, hint: rule.hint, canRetry: rule.canRetry, phrases: rule.phrases,
                codes: rule.codes.sorted())
        }
    }
}

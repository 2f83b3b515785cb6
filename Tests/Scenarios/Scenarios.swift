import TestSupport
import Testing

/// Whole containers, started as a real PID 1 in a PID namespace, on documents that we did not write.
///
/// One after the other: each has the machine to itself, as a container has.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: Container.isPossible, "SKIPPED: unshare --pid needs CAP_SYS_ADMIN"))
enum Scenarios {}

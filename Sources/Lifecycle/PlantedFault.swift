/// Mistakes that the core can be told to make, so that a test can show that the simulation would catch them.
///
/// Only tests may set one: `PlantedFaultTests` looks for anybody else.
package enum PlantedFault: Sendable, CaseIterable {
    /// A service is started again as soon as its main process has ended.
    case startsBesideRemains
    /// Nobody waits for what it needs.
    case ignoresNeeds
    /// News of a former instance are taken for news of the live one.
    case believesFormerInstances
    /// The container calls itself ready although something unwell is needed.
    case readyTooSoon
    /// One failure too many is forgiven.
    case forgivesOneMore
    /// A service that does not stop is waited for.
    case neverKills
    /// A deadline stays after it has been dealt with.
    case keepsDeadline
    /// A service is started while the container stops.
    case startsWhileStopping
    /// The port is not taken back from an API that ended.
    case forgetsPort
    /// The failure of an instance that was being stopped is not told.
    case swallowsExit
    /// New settings replace a running service without ending it.
    case reloadsInPlace
    /// A silent service is stopped although its watchdog is not yet due.
    case watchdogBeforeReady
    /// A service that is told to stop while it starts is told only once.
    case asksOnce
    /// Nobody waits for GPU memory.
    case forgetsMemory
    /// A start that makes no progress is waited for.
    case ignoresStalls
    /// A service at work is asked for a proof of life beside its work.
    case asksTheBusy
    /// Unanswered checks count although answers to others come in.
    case doubtsTheBusy
    /// The requests of a sender that is gone are still waited for.
    case remembersSenders
    /// A service that was found wanting serves on.
    case keepsTheWanting
    /// Who says by the exit status that no retry can help is tried again.
    case retriesTheHopeless
}

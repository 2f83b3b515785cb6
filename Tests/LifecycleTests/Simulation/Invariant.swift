/// What holds after every event, whatever happens.
enum Invariant: String, CaseIterable, Sendable {
    case oneInstance = "never two live instances of a service"
    case needsFirst = "nothing starts before what it needs"
    case notKeptWaiting = "what can start is started"
    case readyIsTrue = "ready only while everything is"
    case exitsCounted = "every exit is accounted for exactly once"
    case budgetKept = "a restart budget is never exceeded, nor is anybody given up before it is spent"
    case startsExplained = "nothing is started again without a reason, or before its wait is over"
    case memoryAwaited = "nothing is started before the GPU memory of its predecessor is back, or will not come"
    case wishesKept = "stopped is what somebody wants stopped, and nothing else"
    case settingsHold = "what runs has the present settings, or is being stopped"
    case stopEnds = "a stop ends inside its budget"
    case stopOrder = "drained first, then stopped in the reverse order of need"
    case nothingAfterStop = "nothing is started after a stop was asked for"
    case signalRepeated = "the signal is repeated while a service starts, and only then"
    case survivorsTold = "what outlives its kill is reported"
    case noTimerLeak = "nothing is due after a tick, and nothing waits without a deadline"
    case portHeldOnce = "the port is held by exactly one side"
    case alongTheDrawing = "states and phases change along the drawings"
    case notBeforeTime = "nobody is given up before their time"
    case hungAsked = "what hangs is asked where, all of it, before it is killed"
    case hangsNoticed = "what hangs is noticed in time"
    case exitCode = "the exit code says why"
    case heldStays = "what is held stays"
    case livingOnly = "only the living are signalled, and killed once"
    case checksFollow = "checks run exactly while they are of use"
    case oldNewsIgnored = "news of those who are no more change nothing"
    case coreKnows = "the core knows what it was told"
    case lifeEnds = "every life ends"
    case idleAsked = "who is idle is asked for a proof of life in time, one at a time, and nobody beside their work"
    case busyBelieved = "unanswered questions prove nothing while answers to others come in"
    case wantingReplaced = "whoever is found wanting is replaced, for that is a failed start, and nobody else is blamed"
    case provenIsTrue = "proven only while all that proves it has proved this very instance"
    case calledReadyInTime = "called ready while ready, and while it is being healed no longer than the settings allow"
}

struct Violation: Sendable, CustomStringConvertible {
    var invariant: Invariant
    var message: String

    var description: String { "\(invariant.rawValue): \(message)" }
}

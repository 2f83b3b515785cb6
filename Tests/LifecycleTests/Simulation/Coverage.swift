import Lifecycle

/// What happened in simulated lives: a simulation proves nothing about what does not occur in it.
struct Coverage: Sendable {
    private(set) var lives = 0
    private(set) var events = 0
    private(set) var arrows: Set<Arrow> = []
    private(set) var phases: Set<PhaseArrow> = []
    private(set) var actions = Tally<ActionKind>()
    private(set) var reports = Tally<ReportKind>()
    private(set) var occurrences = Tally<Occurrence>()
    private(set) var codes: [ExitCode: Int] = [:]

    struct Arrow: Hashable, Sendable {
        var from: ServiceMachine.State.Name
        var to: ServiceMachine.State.Name
    }

    struct PhaseArrow: Hashable, Sendable {
        var from: Phase
        var to: Phase
    }

    mutating func beganEvent() { events += 1 }
    mutating func took(_ from: ServiceMachine.State.Name, _ to: ServiceMachine.State.Name) {
        arrows.insert(Arrow(from: from, to: to))
    }
    mutating func took(_ from: Phase, _ to: Phase) { phases.insert(PhaseArrow(from: from, to: to)) }
    mutating func occurred(_ occurrence: Occurrence) { occurrences.count(occurrence) }
    mutating func saw(_ action: Action) {
        actions.count(action.kind)
        if case .report(let report) = action { reports.count(report.kind) }
        if case .finish(let code) = action { codes[code, default: 0] += 1 }
    }
    mutating func ended() { lives += 1 }

    mutating func add(_ other: Coverage) {
        lives += other.lives
        events += other.events
        arrows.formUnion(other.arrows)
        phases.formUnion(other.phases)
        actions.add(other.actions)
        reports.add(other.reports)
        occurrences.add(other.occurrences)
        codes.merge(other.codes, uniquingKeysWith: +)
    }
}

/// How often each of a few kinds was seen.
struct Tally<Kind: CaseIterable & RawRepresentable<Int> & Sendable>: Sendable {
    private var counts = [Int](repeating: 0, count: Kind.allCases.count)

    mutating func count(_ kind: Kind) { counts[kind.rawValue] += 1 }
    mutating func add(_ other: Tally) { for index in counts.indices { counts[index] += other.counts[index] } }
    func rare(below least: Int) -> [Kind] { Kind.allCases.filter { counts[$0.rawValue] < least } }
}

/// What the world does to the core, beside what goes well.
enum Occurrence: Int, CaseIterable, Sendable {
    case becameReady, cannotStart, endedBeforeTheCallReturned, goneBeforeTheCallReturned, stalled, readyLate, readyTwice
    case saidHopeless
    case readyBeforeTheCallReturned, endedByItself, endedByItselfWithZero, taskSucceeded, taskFailed, fatalCause
    case lostSignal, ignoredSignals, neededASecondSignal, signalledBeforeTheCallReturned, killedBeforeTheCallReturned
    case diedLate, remained, outlivedItsKill, neverDied, unseenEnd, abortedItself
    case watchedWell, watchedUnwell, watchedSilent, checkAfterItsEnd
    case status, ping, pingsEnded, trigger, extended, extendedHugely, extendedWhileStopping, stoppingAndEnded,
        stoppingAndStayed
    case memoryBackEarly, memoryBackLate, memoryNeverBack, staleMemory
    case oldNews, newsOfNobody, lateTick
    case commandStart, commandStop, commandRestart, storm, impatience
    case watchTakenAway, reloaded, reloadedWhileStarting, reloadedWhileStopping
    case stopRequested, stopRequestedTwice, stopBeforeTheBeginning, hurried, hurriedTwice, hurriedWithoutAStop
    case announced, announcedLate, announcedNever, announcedUnasked
    case progressed, progressedWordlessly, progressEnded, progressAfterReady
    case requestsRose, requestsMoved, requestsStuck, requestsAnswered, requestsAbandoned, requestsAtNobody
    case requestsThroughARestart, senderDied, senderWedged, absurdReport, reportAfterItsEnd, hungUnseen
    case canaryAlive, canarySilent, canaryFailed, canaryRefused, canaryLate, canaryAfterItsEnd, canaryBesideTraffic
    case foundStalled, foundTooLateForTheContainer, foundSilent, foundSilentByCanary, foundFailingByCanary, foundWanting
    case waitedInVain, silentBesideWork, proofFailedOtherwise, wantingAndGone, proofVoided, healedUnseen, healedTooLate
}

enum ActionKind: Int, CaseIterable, Sendable {
    case spawn, checkReadiness, watch, sendCanary, unwatch, signal, signalDescendants, kill, handOverPort, takePortBack
    case awaitMemory, report, finish
}

extension Action {
    var kind: ActionKind {
        switch self {
        case .spawn: .spawn
        case .checkReadiness: .checkReadiness
        case .watch: .watch
        case .sendCanary: .sendCanary
        case .unwatch: .unwatch
        case .signal: .signal
        case .signalDescendants: .signalDescendants
        case .kill: .kill
        case .handOverPort: .handOverPort
        case .takePortBack: .takePortBack
        case .awaitMemory: .awaitMemory
        case .report: .report
        case .finish: .finish
        }
    }
}

enum ReportKind: Int, CaseIterable, Sendable {
    case phase, started, ready, done, unwell, recovered, failed, restarting, gaveUp, stopping, stopped, aborting
    case killing, stuck, memoryHeld, commanded, reloaded, canaryRefused
}

extension Report {
    var kind: ReportKind {
        switch self {
        case .phase: .phase
        case .started: .started
        case .ready: .ready
        case .done: .done
        case .unwell: .unwell
        case .recovered: .recovered
        case .canaryRefused: .canaryRefused
        case .failed: .failed
        case .restarting: .restarting
        case .gaveUp: .gaveUp
        case .stopping: .stopping
        case .stopped: .stopped
        case .aborting: .aborting
        case .killing: .killing
        case .stuck: .stuck
        case .memoryHeld: .memoryHeld
        case .commanded: .commanded
        case .reloaded: .reloaded
        }
    }
}

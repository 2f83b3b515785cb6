import Models
import TestSupport

/// Many who want one lease, in a world in which each is paused between any two of its steps, killed and started again.
///
/// Time is in milliseconds and the same for all: clocks that run at one rate is all that the lease asks for.
struct LeaseSimulation {
    struct Outcome {
        /// Times at which two believed at once.
        var violations: [Int] = []
        var acquisitions = 0
        var successions = 0
        var inheritances = 0
        var losses = 0
        /// Whether somebody held it at the end, when nothing had gone wrong for two minutes.
        var endsHeld = false
    }

    /// A lease's file. Those that were replaced live on for who has them open.
    private struct File {
        var owner: Int
        var sequence = 0
        var isReleased = false
        /// Who keeps the lock, and where that means something.
        var lock: Int?
        var node: Int?
    }

    private enum Step {
        case look
        case decide(begin: Int, LeaseMachine.Sighting, file: Int?)
        case create(begin: Int)
        case replace(begin: Int, proved: Int?)
        case settle(begin: Int, proved: Bool)
        case renew
    }

    private struct Contender {
        var machine: LeaseMachine
        var owner: Int
        var node: Int
        var file: Int?
        var step = Step.look
        var time: Int
    }

    private var random: TestRandom
    private var files: [File] = []
    private var named: Int?
    private var contenders: [Contender] = []
    private var owners = 0
    /// From here on nothing goes wrong.
    private var calm = 0
    private let terms: LeaseTerms
    private let usesLocks: Bool
    private(set) var outcome = Outcome()

    init(seed: UInt64, terms: LeaseTerms, usesLocks: Bool) {
        random = TestRandom(seed: seed)
        self.terms = terms
        self.usesLocks = usesLocks
        for _ in 0..<Int.random(in: 2...6, using: &random) {
            contenders.append(born(at: .random(in: 0...3000, using: &random)))
        }
    }

    private mutating func born(at time: Int) -> Contender {
        owners += 1
        return Contender(
            machine: LeaseMachine(terms), owner: owners, node: .random(in: 0...1, using: &random), time: time)
    }

    mutating func run(until end: Int) {
        calm = end - 120_000
        while let index = contenders.indices.min(by: { contenders[$0].time < contenders[$1].time }),
            contenders[index].time < end
        {
            let now = contenders[index].time
            act(index, now)
            let believers = contenders.count { $0.machine.believes(at: .milliseconds(now)) }
            if believers > 1 { outcome.violations.append(now) }
            // What happens to it before its next step.
            guard now < calm else { continue }
            switch Int.random(in: 0..<400, using: &random) {
            case 0..<4: contenders[index].time += .random(in: 1000...60_000, using: &random)
            case 4..<7:
                free(contenders[index].owner)
                contenders[index] = born(at: now + .random(in: 100...10_000, using: &random))
            default: break
            }
        }
        outcome.endsHeld = contenders.contains { $0.machine.believes(at: .milliseconds(end)) }
    }

    /// The end of a process frees its locks.
    private mutating func free(_ owner: Int) {
        for index in files.indices where files[index].lock == owner { files[index].lock = nil }
    }

    private func sighting(for owner: Int) -> LeaseMachine.Sighting {
        guard let named else { return .nothing }
        let file = files[named]
        if file.owner == owner { return .own }
        let content =
            [UInt8(truncatingIfNeeded: file.owner), UInt8(truncatingIfNeeded: file.owner >> 8)]
            + (0..<4).map { UInt8(truncatingIfNeeded: file.sequence >> (8 * $0)) }
        return file.isReleased ? .released(content) : .other(content)
    }

    private mutating func act(_ index: Int, _ now: Int) {
        var one = contenders[index]
        let time = Duration.milliseconds(now)
        one.time = now + .random(in: 1...60, using: &random)
        switch one.step {
        case .look:
            // A call that takes its time: what it sees is later than its beginning.
            one.step = .decide(begin: now, sighting(for: one.owner), file: named)
        case .decide(let begin, let sighting, let file):
            decide(&one, begin: begin, sighting, file, now)
        case .create(let begin):
            let isFirst = named == nil
            if isFirst { place(&one) }
            one.machine.created(isFirst, at: .milliseconds(begin))
            if isFirst { outcome.acquisitions += 1 }
            rest(&one)
        case .replace(let begin, let proved):
            place(&one)
            one.step = .settle(begin: begin, proved: proved != nil)
            if let proved, files[proved].lock == one.owner { files[proved].lock = nil }
        case .settle(let begin, let proved):
            if proved {
                one.machine.inherited(since: .milliseconds(begin), at: time)
                outcome.inheritances += 1
            } else {
                one.machine.replaced(at: time)
            }
            rest(&one)
        case .renew:
            if let file = one.file {
                files[file].sequence += 1
                // Done with its work.
                if now < calm, Int.random(in: 0..<40, using: &random) == 0 {
                    files[file].isReleased = true
                    free(one.owner)
                    one = born(at: now + .random(in: 100...5000, using: &random))
                    break
                }
            }
            rest(&one)
        }
        contenders[index] = one
    }

    private mutating func decide(
        _ one: inout Contender, begin: Int, _ sighting: LeaseMachine.Sighting, _ file: Int?, _ now: Int
    ) {
        let isWatching = if case .watching = one.machine.state { true } else { false }
        if usesLocks, isWatching, let file, files[file].owner != one.owner, files[file].node == one.node,
            files[file].lock == nil, named == file
        {
            files[file].lock = one.owner
            one.step = .replace(begin: begin, proved: file)
            return
        }
        let before = one.machine.state
        switch one.machine.looked(sighting, at: .milliseconds(begin)) {
        case .wait: rest(&one)
        case .create: one.step = .create(begin: begin)
        case .replace: one.step = .replace(begin: begin, proved: nil)
        case .renew:
            if case .settling = before { outcome.successions += 1 }
            one.step = .renew
        case .stop:
            outcome.losses += 1
            free(one.owner)
            one = born(at: now + .random(in: 100...3000, using: &random))
        }
    }

    /// A new file of its own under the lease's name.
    private mutating func place(_ one: inout Contender) {
        files.append(File(owner: one.owner, lock: usesLocks ? one.owner : nil, node: usesLocks ? one.node : nil))
        one.file = files.count - 1
        named = one.file
    }

    private mutating func rest(_ one: inout Contender) {
        one.step = .look
        let isHolding = if case .holding = one.machine.state { true } else { false }
        one.time += isHolding ? 2000 : 1000
    }
}

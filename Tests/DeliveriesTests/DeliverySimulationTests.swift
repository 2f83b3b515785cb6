import Deliveries
import Foundation
import Jobs
import TestSupport
import Testing

/// Lives of a container that has much to deliver to hosts of every kind, in a virtual time, with kills at random. What fails says
/// its seed.
@Suite struct DeliverySimulationTests {
    /// How somebody answers.
    private enum Manner: CaseIterable {
        case prompt
        /// Takes everything and says nothing, until our own time for it is over.
        case hanging
        case flaky
        /// Nobody is there for a while.
        case away
        /// Says that it wants to be left alone.
        case busy
        case refusing
    }

    private struct Row {
        var delivery: Delivery
        var manner: Manner
        var doneAt: Double?
        var tries = 0
    }

    private struct World {
        var random: TestRandom
        var now = 0.0
        /// What is on the disk.
        var rows: [String: Row] = [:]
        var schedule = DeliverySchedule()
        var underWay: [(end: Double, entry: DeliverySchedule.Entry)] = []
        var kills = 0
        let policy = DeliveryPolicy()
        let outage: ClosedRange<Double>

        init(seed: UInt64) {
            random = TestRandom(seed: seed)
            let begin = Double.random(in: 0...600, using: &random)
            outage = begin...(begin + Double.random(in: 60...7200, using: &random))
        }

        mutating func arrive(_ number: Int, _ manner: Manner) {
            let host = manner == .prompt ? "good" : "\(manner)\(Int.random(in: 0..<30, using: &random))"
            let delivery = Delivery(
                id: "\(number)", job: JobIdentifier(), kind: .webhook, target: "https://\(host)/", status: .waiting,
                attempts: 0, createdAt: now, nextAttempt: now)
            rows[delivery.id] = Row(delivery: delivery, manner: manner)
            schedule.add(.init(delivery))
        }

        /// Everything in memory is lost.
        mutating func kill() {
            kills += 1
            underWay = []
            schedule = DeliverySchedule()
            for row in rows.values where row.delivery.status == .waiting {
                var entry = DeliverySchedule.Entry(row.delivery)
                entry.due = min(entry.due, now)
                schedule.add(entry)
            }
        }

        mutating func begin() {
            while let entry = schedule.next(at: now) {
                let manner = rows[entry.id]?.manner ?? .prompt
                let seconds = manner == .hanging ? 30 : Double.random(in: 0.01...0.5, using: &random)
                underWay.append((now + seconds, entry))
            }
        }

        /// - Returns: what was in the way.
        private mutating func answer(_ row: Row) -> DeliveryProblem? {
            switch row.manner {
            case .prompt: nil
            case .hanging: DeliveryProblem("no answer", hope: .soon)
            case .flaky: Bool.random(using: &random) ? nil : DeliveryProblem("500", hope: .soon)
            case .away: outage.contains(now) ? DeliveryProblem("nobody", hope: .soon) : nil
            case .busy: row.tries < 3 ? DeliveryProblem("429", hope: .soon, retryAfter: 100) : nil
            case .refusing: DeliveryProblem("410", hope: .none)
            }
        }

        mutating func end(_ index: Int) {
            let entry = underWay.remove(at: index).entry
            guard var row = rows[entry.id] else { return }
            row.tries += 1
            let problem = answer(row)
            // Killed after it was made, and before it was written down.
            if Int.random(in: 0..<200, using: &random) == 0 {
                rows[entry.id]?.tries += 1
                return kill()
            }
            let outcome =
                problem.map {
                    policy.outcome(
                        of: $0, attempts: row.delivery.attempts, createdAt: row.delivery.createdAt, at: now,
                        jitter: .random(in: 0...1, using: &random))
                } ?? .done
            row.delivery.attempts += 1
            var next: Double?
            switch outcome {
            case .done:
                row.delivery.status = .done
                row.doneAt = now
            case .again(let time, _):
                row.delivery.nextAttempt = time
                next = time
            case .failed:
                row.delivery.status = .failed
                row.doneAt = now
            }
            rows[entry.id] = row
            schedule.ended(entry, next: next, isReached: problem == nil)
        }
    }

    @Test func everythingIsDeliveredAndNobodyWaitsForThoseWhoHang() {
        let fixed = ProcessInfo.processInfo.environment["COXSWAIN_SEED"].flatMap(UInt64.init)
        for seed in fixed.map({ [$0] }) ?? Array(1...8) { live(seed: seed) }
    }

    private func live(seed: UInt64) {
        var world = World(seed: seed)
        var arrivals = (0..<120).map { _ in Double.random(in: 0...3600, using: &world.random) }.sorted()
        let limits = DeliverySchedule.Limits()
        var number = 0
        // Far beyond the time that a delivery has.
        while world.now < 200_000 {
            world.begin()
            let perLane = Dictionary(grouping: world.underWay) { $0.entry.lane }.mapValues(\.count)
            #expect(perLane.values.allSatisfy { $0 <= limits.perLane }, "seed \(seed)")
            #expect(world.underWay.count <= limits.places[.webhook] ?? 0, "seed \(seed)")
            #expect(Set(world.underWay.map(\.entry.id)).count == world.underWay.count, "seed \(seed)")
            let ending = world.underWay.indices.min { world.underWay[$0].end < world.underWay[$1].end }
            let times = [arrivals.first, ending.map { world.underWay[$0].end }, world.schedule.nextDue()].compactMap {
                $0
            }
            guard let time = times.min() else { break }
            // What is due and not taken would turn here for ever.
            #expect(time >= world.now || !world.underWay.isEmpty, "seed \(seed)")
            world.now = max(world.now, time)
            if arrivals.first == time {
                arrivals.removeFirst()
                number += 1
                world.arrive(number, Manner.allCases.randomElement(using: &world.random) ?? .prompt)
            } else if let ending, world.underWay[ending].end <= world.now {
                world.end(ending)
            }
        }
        for row in world.rows.values {
            let delivery = row.delivery
            let what = "seed \(seed): \(row.manner), \(delivery.attempts) attempts, \(world.kills) kills"
            #expect(row.tries > 0, "never tried, \(what)")
            switch row.manner {
            case .prompt:
                // Beside a hundred who hang, fail or are away.
                #expect(delivery.status == .done && (row.doneAt ?? .infinity) - delivery.createdAt < 15, "\(what)")
            case .flaky, .away, .busy: #expect(delivery.status == .done, "\(what)")
            case .refusing: #expect(delivery.status == .failed && delivery.attempts == 1, "\(what)")
            case .hanging:
                #expect(delivery.status == .failed, "\(what)")
                #expect((row.doneAt ?? 0) - delivery.createdAt >= DeliveryPolicy().patience, "\(what)")
            }
        }
    }
}

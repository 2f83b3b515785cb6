import EngineClient
import Synchronization
import Testing

private let soon = ContinuousClock.Instant.now + .seconds(50)

private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

/// Requests at a turnstile, and what happened in which order.
private final class Visitors: Sendable {
    let turnstile: Turnstile
    private let events = Mutex<[String]>([])

    init(places: Int) { turnstile = Turnstile(places: places) }

    var log: [String] { events.withLock { $0 } }

    /// Queues one, which says so when it is inside.
    func come(_ name: String, alone: Bool = false) async throws -> Task<Turnstile.Outcome, Never> {
        let before = turnstile.reading
        let ticket = turnstile.ticket()
        let task = Task {
            let outcome = await turnstile.enter(ticket, isAlone: alone, until: soon)
            events.withLock { $0.append("\(name) \(outcome)") }
            return outcome
        }
        try await until {
            let now = turnstile.reading
            return now.inside + now.waiting > before.inside + before.waiting
        }
        return task
    }
}

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
    @Test func placesCanBecomeMoreAndFewer() async throws {
        let visitors = Visitors(places: 2)
        let turnstile = visitors.turnstile
        for index in 0..<6 { _ = try await visitors.come("\(index)") }
        #expect(turnstile.reading == Turnstile.Reading(inside: 2, waiting: 4, isFull: true))
        turnstile.set(places: 4)
        #expect(turnstile.reading == Turnstile.Reading(inside: 4, waiting: 2, isFull: true))
        turnstile.set(places: 1)
        // Those inside are left alone; nobody follows until enough have gone.
        for inside in [3, 2, 1] {
            turnstile.leave()
            #expect(turnstile.reading.inside == inside)
        }
        turnstile.leave()
        #expect(turnstile.reading == Turnstile.Reading(inside: 1, waiting: 1, isFull: true))
        turnstile.leave()
        turnstile.leave()
        #expect(turnstile.reading == Turnstile.Reading(inside: 0, waiting: 0, isFull: false))
    }

    @Test func closedIsNotFull() async throws {
        let visitors = Visitors(places: 1)
        visitors.turnstile.set(open: false)
        let task = try await visitors.come("a")
        #expect(!visitors.turnstile.reading.isFull)
        visitors.turnstile.set(open: true)
        #expect(await task.value == .entered)
    }

    @Test func aloneIsAlone() async throws {
        let visitors = Visitors(places: 8)
        let turnstile = visitors.turnstile
        _ = try await visitors.come("a")
        _ = try await visitors.come("b")
        let alone = try await visitors.come("alone", alone: true)
        let after = try await visitors.come("c")
        // There are places, and nobody takes them: the one that wants to be alone would wait for ever.
        #expect(turnstile.reading == Turnstile.Reading(inside: 2, waiting: 2, isFull: false))
        turnstile.leave()
        #expect(turnstile.reading.inside == 1)
        turnstile.leave()
        #expect(await alone.value == .entered)
        #expect(turnstile.reading == Turnstile.Reading(inside: 1, waiting: 1, isFull: false))
        turnstile.leave()
        #expect(await after.value == .entered)
        #expect(visitors.log.suffix(2) == ["alone entered", "c entered"])
    }

    @Test func twoThatWantToBeAloneGoOneAfterTheOther() async throws {
        let visitors = Visitors(places: 8)
        let first = try await visitors.come("1", alone: true)
        let second = try await visitors.come("2", alone: true)
        let third = try await visitors.come("3")
        #expect(await first.value == .entered)
        #expect(visitors.turnstile.reading.inside == 1)
        visitors.turnstile.leave()
        #expect(await second.value == .entered)
        #expect(visitors.turnstile.reading.inside == 1)
        visitors.turnstile.leave()
        #expect(await third.value == .entered)
    }

    @Test func aloneThatGivesUpHoldsNobodyUp() async throws {
        let visitors = Visitors(places: 8)
        _ = try await visitors.come("a")
        let alone = try await visitors.come("alone", alone: true)
        let after = try await visitors.come("b")
        alone.cancel()
        #expect(await alone.value == .cancelled)
        #expect(await after.value == .entered)
    }

    @Test func aloneWaitsForTheGateToo() async throws {
        let visitors = Visitors(places: 8)
        visitors.turnstile.set(open: false)
        let alone = try await visitors.come("alone", alone: true)
        let after = try await visitors.come("a")
        visitors.turnstile.set(open: true)
        #expect(await alone.value == .entered)
        #expect(visitors.turnstile.reading.inside == 1)
        visitors.turnstile.leave()
        #expect(await after.value == .entered)
    }

    /// A stream of ordinary requests and now and then one alone: all of them get in, and never two beside one alone.
    @Test func nobodyStarves() async throws {
        let turnstile = Turnstile(places: 4)
        let census = Census()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let isAlone = index % 20 == 7
                    let outcome = await turnstile.enter(turnstile.ticket(), isAlone: isAlone, until: soon)
                    #expect(outcome == .entered)
                    census.enter(isAlone)
                    await Task.yield()
                    census.leave(isAlone)
                    turnstile.leave()
                }
            }
        }
        #expect(!census.isBroken)
        #expect(census.most <= 4 && census.most > 1)
        #expect(turnstile.reading == Turnstile.Reading(inside: 0, waiting: 0, isFull: false))
    }

    @Test func oldTicketGoesFirst() async throws {
        let visitors = Visitors(places: 1)
        let turnstile = visitors.turnstile
        let old = turnstile.ticket()
        _ = try await visitors.come("a")
        let newer = try await visitors.come("b")
        let again = Task { await turnstile.enter(old, until: soon) }
        try await until { turnstile.reading.waiting == 2 }
        turnstile.leave()
        #expect(await again.value == .entered)
        #expect(turnstile.reading.waiting == 1)
        turnstile.leave()
        #expect(await newer.value == .entered)
    }
}

/// Who is inside.
private final class Census: Sendable {
    private struct State: Sendable {
        var ordinary = 0
        var alone = 0
        var most = 0
        var isBroken = false
    }

    private let state = Mutex(State())

    var most: Int { state.withLock { $0.most } }
    var isBroken: Bool { state.withLock { $0.isBroken } }

    func enter(_ isAlone: Bool) {
        state.withLock { state in
            if isAlone { state.alone += 1 } else { state.ordinary += 1 }
            state.most = max(state.most, state.ordinary)
            state.isBroken = state.isBroken || state.alone > (state.ordinary == 0 ? 1 : 0)
        }
    }

    func leave(_ isAlone: Bool) {
        state.withLock { state in
            if isAlone { state.alone -= 1 } else { state.ordinary -= 1 }
        }
    }
}

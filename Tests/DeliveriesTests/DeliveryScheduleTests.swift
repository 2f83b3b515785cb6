import Deliveries
import Jobs
import Testing

@Suite struct DeliveryScheduleTests {
    private static func delivery(
        _ id: String, to target: String, due: Double = 0, job: JobIdentifier = JobIdentifier(),
        kind: Delivery.Kind = .webhook
    ) -> DeliverySchedule.Entry {
        DeliverySchedule.Entry(
            Delivery(
                id: id, job: job, kind: kind, target: target, status: .waiting, attempts: 0, createdAt: due,
                nextAttempt: due))
    }

    private static func taken(_ schedule: inout DeliverySchedule, at now: Double = 0) -> [DeliverySchedule.Entry] {
        var entries: [DeliverySchedule.Entry] = []
        while let entry = schedule.next(at: now) { entries.append(entry) }
        return entries
    }

    @Test func nothingIsTakenBeforeItIsDue() {
        var schedule = DeliverySchedule()
        schedule.add(Self.delivery("b", to: "https://b/", due: 7))
        schedule.add(Self.delivery("a", to: "https://a/", due: 5))
        #expect(schedule.next(at: 4.9) == nil && schedule.nextDue() == 5)
        #expect(schedule.next(at: 5)?.id == "a")
        #expect(schedule.next(at: 5) == nil && schedule.nextDue() == 7)
        #expect(schedule.count(of: .webhook) == 2 && schedule.oldest == 5)
    }

    @Test func theSameTwiceIsOne() {
        var schedule = DeliverySchedule()
        for _ in 0..<2 { schedule.add(Self.delivery("a", to: "https://a/")) }
        #expect(Self.taken(&schedule).count == 1)
        schedule.add(Self.delivery("a", to: "https://a/"))
        #expect(Self.taken(&schedule).isEmpty && schedule.count(of: .webhook) == 1)
    }

    @Test func aLaneOfWhichNothingIsKnownHasOneAtATimeAndFourOnceItAnswers() {
        var schedule = DeliverySchedule()
        for number in 0..<9 { schedule.add(Self.delivery("\(number)", to: "https://a/\(number)")) }
        var taken = Self.taken(&schedule)
        #expect(taken.map(\.id) == ["0"])
        schedule.ended(taken[0], next: nil, isReached: true)
        taken = Self.taken(&schedule)
        #expect(taken.map(\.id) == ["1", "2", "3", "4"])
        // It fails: those under way end, and then it is one at a time again.
        for entry in taken { schedule.ended(entry, next: 100, isReached: false) }
        #expect(Self.taken(&schedule).count == 1)
    }

    @Test func lanesTakeTurns() {
        var limits = DeliverySchedule.Limits()
        limits.places[.webhook] = 1
        var schedule = DeliverySchedule(limits: limits)
        for number in 0..<3 {
            for host in ["a", "b", "c"] { schedule.add(Self.delivery("\(host)\(number)", to: "https://\(host)/")) }
        }
        var order: [String] = []
        while let entry = schedule.next(at: 0) {
            order.append(entry.lane)
            schedule.ended(entry, next: nil, isReached: true)
        }
        #expect(order.count == 9)
        for turn in 0..<3 { #expect(Set(order[(turn * 3)..<(turn * 3 + 3)]) == ["a", "b", "c"], "\(order)") }
        #expect(schedule.isEmpty && schedule.oldest == nil && schedule.nextDue() == nil)
    }

    @Test func whoHangsLeavesPlacesToThoseWhoAnswer() {
        var schedule = DeliverySchedule()
        // One that answered before.
        schedule.add(Self.delivery("first", to: "https://good/"))
        schedule.add(Self.delivery("second", to: "https://good/", due: 1))
        schedule.ended(Self.taken(&schedule)[0], next: nil, isReached: true)
        for number in 0..<100 { schedule.add(Self.delivery("\(number)", to: "https://dead\(number)/")) }
        #expect(Self.taken(&schedule, at: 0.5).count == 24)
        #expect(Self.taken(&schedule, at: 2).map(\.id) == ["second"])
    }

    @Test func uploadsAndWebhooksHavePlacesOfTheirOwn() {
        var schedule = DeliverySchedule()
        for number in 0..<100 { schedule.add(Self.delivery("\(number)", to: "https://dead\(number)/")) }
        schedule.add(Self.delivery("upload", to: "s3://bucket/", kind: .objects))
        #expect(Self.taken(&schedule).contains { $0.id == "upload" })
    }

    @Test func whatIsForgottenIsNotTakenAndNotComeBackTo() {
        var schedule = DeliverySchedule()
        let job = JobIdentifier()
        schedule.add(Self.delivery("a", to: "https://a/", job: job))
        schedule.add(Self.delivery("b", to: "https://a/", job: job))
        schedule.add(Self.delivery("c", to: "https://a/"))
        let running = Self.taken(&schedule)
        #expect(running.map(\.id) == ["a"])
        #expect(schedule.forget(job) == ["a"])
        #expect(schedule.forget(job) == [])
        schedule.ended(running[0], next: 1, isReached: false)
        #expect(Self.taken(&schedule, at: 10).map(\.id) == ["c"])
        #expect(schedule.count(of: .webhook) == 1)
    }

    @Test func newsWaitForTheFirstTryOfEachUpload() {
        var schedule = DeliverySchedule()
        let job = JobIdentifier()
        schedule.add(Self.delivery("one", to: "s3://one/", job: job, kind: .objects))
        schedule.add(Self.delivery("two", to: "s3://two/", job: job, kind: .objects))
        schedule.add(Self.delivery("news", to: "https://a/", due: 10, job: job))
        let uploads = Self.taken(&schedule)
        #expect(Set(uploads.map(\.id)) == ["one", "two"])
        schedule.ended(uploads[0], next: nil, isReached: true)
        schedule.hasten(job, at: 1)
        #expect(schedule.next(at: 1) == nil)
        schedule.ended(uploads[1], next: 20, isReached: false)
        schedule.hasten(job, at: 2)
        #expect(Self.taken(&schedule, at: 2).map(\.id) == ["news"])
        #expect(schedule.nextDue() == 20)
    }
}

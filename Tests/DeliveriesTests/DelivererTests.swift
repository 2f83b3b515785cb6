import Deliveries
import Foundation
import Jobs
import Prometheus
import Synchronization
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct DelivererTests {
    @Test func whatAnEndBringsIsDeliveredAndWrittenDown() async throws {
        let place = try Workplace()
        let (objects, webhooks) = (StandInChannel(), StandInChannel())
        let deliverer = place.deliverer(objects: objects, webhooks: webhooks)
        let job = try await place.ended(webhook: "https://example.com/x", uploads: ["s3://bucket/out/"])
        await deliverer.take(job)
        #expect(
            try await soon { try await place.deliveries(of: job).allSatisfy { $0.status == .done && $0.attempts == 1 } }
        )
        #expect(objects.tried.map(\.name) == ["20250131_235959_scan"])
        // Long before the time that it gives an upload.
        #expect(webhooks.tried.map(\.id) == [job.deliveries[1].id])
        #expect(await soon { await deliverer.load.waiting == [.objects: 0, .webhook: 0] })
        let metrics = deliverer.metrics.families.flatMap(\.samples).filter { $0.value == 1 }
        #expect(metrics.count >= 2)
        await deliverer.stop()
    }

    @Test func whatFailsIsTriedAgainUnderTheSameName() async throws {
        let place = try Workplace()
        let webhooks = StandInChannel { _, number in
            number < 4 ? DeliveryProblem("no answer", hope: .soon) : nil
        }
        let deliverer = place.deliverer(webhooks: webhooks)
        let job = try await place.ended(webhook: "https://example.com/x")
        await deliverer.take(job)
        #expect(try await soon { try await place.deliveries(of: job).first?.status == .done })
        #expect(webhooks.tried.map(\.id) == Array(repeating: job.deliveries[0].id, count: 4))
        #expect(try await place.deliveries(of: job).first?.attempts == 4)
        await deliverer.stop()
    }

    @Test func whoeverWaitsForTheFirstTriesSeesWhatCameOfThem() async throws {
        let place = try Workplace()
        let webhooks = StandInChannel { _, _ in
            try? await Task.sleep(for: .milliseconds(50))
            return DeliveryProblem("no such host", hope: .soon)
        }
        let deliverer = place.deliverer(webhooks: webhooks) {
            ($0.firstPause, $0.longestPause) = (600, 600)
        }
        let job = try await place.ended(webhook: "https://example.com/x")
        await deliverer.take(job)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { await deliverer.waitForFirstTries(of: job.id) } }
            // Somebody who does not wait any longer takes nobody with him.
            let impatient = Task { await deliverer.waitForFirstTries(of: job.id) }
            impatient.cancel()
            await impatient.value
        }
        let delivery = try #require(try await place.deliveries(of: job).first)
        #expect(delivery.status == .waiting && delivery.attempts == 1 && delivery.detail == "no such host")
        #expect((delivery.nextAttempt ?? 0) > Date().timeIntervalSince1970 + 400)
        // Of jobs that have nothing to deliver, and of none at all, nobody waits.
        await deliverer.waitForFirstTries(of: JobIdentifier())
        await deliverer.stop()
    }

    @Test func aStopEndsATransferAndTheNextStartMakesIt() async throws {
        var place = try Workplace()
        let hanging = StandInChannel.hanging
        let first = place.deliverer(webhooks: hanging)
        let job = try await place.ended(webhook: "https://example.com/x")
        await first.take(job)
        #expect(await soon { hanging.tried.count == 1 })
        let start = ContinuousClock.now
        await first.stop()
        #expect(start.duration(to: .now) < .seconds(5))
        // It was not made, and not tried either.
        #expect(try await place.deliveries(of: job).map(\.attempts) == [0])
        place = try place.reopened()
        let webhooks = StandInChannel()
        let second = place.deliverer(webhooks: webhooks)
        try await second.resume()
        let again = place
        #expect(try await soon { try await again.deliveries(of: job).first?.status == .done })
        #expect(webhooks.tried.map(\.id) == [job.deliveries[0].id])
        await second.stop()
    }

    @Test func whatWasMadeAndNotWrittenDownIsMadeAgainAndCanBeRecognised() async throws {
        let place = try Workplace()
        let store = place.store
        // As if the process had ended between the two.
        let first = place.deliverer(
            webhooks: StandInChannel { _, _ in
                try? store.close()
                return nil
            })
        let job = try await place.ended(webhook: "https://example.com/x")
        await first.take(job)
        let folder = place.folder
        #expect(await soon { (try? await store.counts()) == nil })
        await first.stop()
        let next = try Workplace(folder)
        let webhooks = StandInChannel()
        let second = next.deliverer(webhooks: webhooks)
        try await second.resume()
        #expect(try await soon { try await next.deliveries(of: job).first?.status == .done })
        #expect(webhooks.tried.map(\.id) == [job.deliveries[0].id])
        await second.stop()
    }

    @Test func whoHangsHoldsUpNobodyElse() async throws {
        let place = try Workplace()
        let webhooks = StandInChannel { delivery, _ in
            guard delivery.place != "good.example" else { return nil }
            try? await Task.sleep(for: .seconds(600))
            return DeliveryProblem("it was ended", hope: .soon)
        }
        let deliverer = place.deliverer(webhooks: webhooks)
        for number in 0..<20 { await deliverer.take(try await place.ended(webhook: "https://dead.example/\(number)")) }
        var good: [Job] = []
        for number in 0..<20 {
            let job = try await place.ended(webhook: "https://good.example/\(number)")
            good.append(job)
            await deliverer.take(job)
        }
        for job in good { #expect(try await soon { try await place.deliveries(of: job).first?.status == .done }) }
        #expect(webhooks.tried.filter { $0.place == "dead.example" }.count == 1)
        #expect(await deliverer.load.waiting[.webhook] == 20)
        await deliverer.stop()
    }

    @Test func aJobThatIsRemovedIsForgotten() async throws {
        let place = try Workplace()
        let hanging = StandInChannel.hanging
        let deliverer = place.deliverer(webhooks: hanging)
        let job = try await place.ended(webhook: "https://example.com/x")
        await deliverer.take(job)
        #expect(await soon { hanging.tried.count == 1 })
        try await place.store.remove(job.id)
        await deliverer.forget(job.id)
        #expect(await soon { await deliverer.load.waiting[.webhook] == 0 })
        await deliverer.stop()
    }

    @Test func whatIsTurnedOffWaitsForAStartAtWhichItIsNot() async throws {
        let place = try Workplace()
        let deliverer = place.deliverer()
        let job = try await place.ended(uploads: ["s3://bucket/out/"])
        await deliverer.take(job)
        await deliverer.waitForFirstTries(of: job.id)
        let delivery = try #require(try await place.deliveries(of: job).first)
        #expect(delivery.status == .waiting && delivery.detail?.contains("no object store") == true)
        await deliverer.stop()
        let objects = StandInChannel()
        let next = place.deliverer(objects: objects)
        try await next.resume()
        #expect(await soon { objects.tried.count == 1 })
        await next.stop()
    }

    @Test func whatIsGivenUpSaysWhy() async throws {
        let place = try Workplace()
        let deliverer = place.deliverer(
            webhooks: StandInChannel { _, _ in DeliveryProblem("the receiver wants no more", hope: .none) })
        let job = try await place.ended(webhook: "https://example.com/x")
        await deliverer.take(job)
        #expect(try await soon { try await place.deliveries(of: job).first?.status == .failed })
        #expect(try await place.deliveries(of: job).first?.detail == "the receiver wants no more")
        // The job may be cleaned away now.
        #expect(try await place.store.clean(at: Date().timeIntervalSince1970 + 1e6) == [job.id])
        await deliverer.stop()
    }
}

import Jobs
import Testing

@Suite struct IdempotencyTests {
    @Test func theSameRequestIsTheSameJob() async throws {
        let place = try Workplace()
        let job = try await place.job(.sample(key: "k"))
        #expect(try await place.create(.sample("renamed.pdf", key: "k")).existing?.id == job.id)
        #expect(place.spool == [job.id.description])
        _ = try await place.store.finish(job.id, JobEnd(.success), at: moment)
        #expect(try await place.create(.sample(key: "k")).existing?.status == .success)
        #expect(try await place.create(.sample()).created != nil)
    }

    @Test func anotherRequestIsAConflict() async throws {
        let place = try Workplace()
        let job = try await place.job(.sample(key: "k"))
        for other in [
            NewJob.sample(sha256: "5b", key: "k"), .sample(sha256: nil, key: "k"),
            .sample(options: JobOptions(task: .table), key: "k"), .sample(options: JobOptions(pages: "1"), key: "k"),
        ] {
            #expect(try await place.create(other).conflict?.id == job.id)
        }
        #expect(place.spool == [job.id.description])
    }

    @Test func withoutADigestNothingIsTheSame() async throws {
        let place = try Workplace()
        _ = try await place.job(.sample(sha256: nil, key: "k"))
        #expect(try await place.create(.sample(sha256: nil, key: "k")).conflict != nil)
    }

    @Test func manyAtOnceMakeOneJob() async throws {
        let place = try Workplace()
        for round in 0..<20 {
            let creations = try await withThrowingTaskGroup(of: JobCreation.self) { group in
                for _ in 0..<8 { group.addTask { try await place.create(.sample(key: "k\(round)")) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(creations.compactMap(\.created).count == 1)
            #expect(creations.compactMap(\.existing).count == 7)
            #expect(Set(creations.compactMap { ($0.created ?? $0.existing)?.id }).count == 1)
        }
        #expect(place.spool.count == 20)
    }

    @Test func manyDifferentOnesAtOnceMakeOneJob() async throws {
        let place = try Workplace()
        let creations = try await withThrowingTaskGroup(of: JobCreation.self) { group in
            for number in 0..<8 { group.addTask { try await place.create(.sample(sha256: "\(number)", key: "k")) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(creations.compactMap(\.created).count == 1)
        #expect(creations.compactMap(\.conflict).count == 7)
        #expect(place.spool.count == 1)
    }

    @Test func aDocumentThatCannotBeStoredMakesNoJob() async throws {
        let place = try Workplace()
        await #expect(throws: Unexpected.self) {
            try await place.store.create(.sample(key: "k"), at: moment) { name in
                try place.storeDocument(name)
                throw Unexpected("no room")
            }
        }
        #expect(place.spool == [])
        #expect(try await place.store.jobs(limit: 1).isEmpty)
        #expect(try await place.create(.sample(key: "k")).created != nil)
    }

    @Test func aKeyIsAllOfItsText() async throws {
        let place = try Workplace()
        let keys = ["k", "k\0", "k\0a", "K", "k ", "", "'", String(repeating: "k", count: 10_000)]
        for key in keys { #expect(try await place.create(.sample(key: key)).created != nil) }
        for key in keys { #expect(try await place.create(.sample(key: key)).existing != nil) }
    }

    @Test func aKeyIsFreeAgainWithItsJob() async throws {
        let place = try Workplace()
        let job = try await place.job(.sample(key: "k"))
        _ = try await place.store.cancel(job.id, at: moment)
        try await place.store.remove(job.id)
        #expect(try await place.create(.sample(sha256: "other", key: "k")).created != nil)
    }
}

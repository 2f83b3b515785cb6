import Document
import Foundation
import Jobs
import TestSupport
import Testing

@Suite struct CleaningTests {
    private func limits(_ change: (inout JobLimits) -> Void) -> JobLimits {
        var limits = JobLimits()
        change(&limits)
        return limits
    }

    private func size(_ place: Workplace) throws -> Int {
        try place.folder.names().filter { $0.hasPrefix("jobs.sqlite") }.reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(place.folder.path)/\(name)")
            return sum + (attributes[.size] as? Int ?? 0)
        }
    }

    @Test func whatIsOldGoes() async throws {
        let place = try Workplace(limits: limits { $0.retention = 100 })
        let old = try await place.finishedJob(pages: 2, at: moment - 100).id
        let young = try await place.finishedJob(pages: 2, at: moment - 99).id
        let unfinished = try await place.job(at: moment - 1000).id
        #expect(try await place.store.clean(at: moment) == [old])
        #expect(try await place.store.job(old) == nil)
        #expect(try await place.store.job(young) != nil)
        #expect(try await place.store.job(unfinished) != nil)
        #expect(place.spool == [unfinished.description])
        #expect(try await place.store.clean(at: moment) == [])
    }

    @Test func whatIsTooMuchGoesTheOldestFirst() async throws {
        let place = try Workplace(
            limits: limits {
                $0.maximumBytes = 3 << 20
                $0.leastRetention = 0
            })
        let text = String(repeating: "x", count: 100_000)
        var ids: [JobIdentifier] = []
        for number in 0..<50 {
            ids.append(try await place.finishedJob(pages: 1, text: text, at: moment + Double(number)).id)
        }
        let before = try size(place)
        let removed = try await place.store.clean(at: moment + 50)
        #expect(removed == Array(ids.prefix(removed.count)))
        #expect((15...30).contains(removed.count), "\(removed.count)")
        #expect(try await place.store.usage().totalBytes <= 3 << 20)
        #expect(try await place.store.jobs(limit: 100).count == 50 - removed.count)
        #expect(try size(place) < before / 2 + (2 << 20))
    }

    @Test func theSpoolCountsAndUnfinishedJobsStay() async throws {
        let place = try Workplace(limits: limits { $0.maximumBytes = 1 << 20 })
        let finished = try await place.finishedJob(at: moment - 601).id
        // Somebody may be about to ask for it: what cannot be removed takes nobody's result away.
        let young = try await place.finishedJob(at: moment - 599).id
        var large = NewJob.sample()
        large.bytes = 5 << 20
        let unfinished = try await place.job(large).id
        #expect(try await place.store.usage().spoolBytes == 5 << 20)
        #expect(try await place.store.clean(at: moment) == [finished])
        #expect(try await place.store.job(unfinished) != nil)
        #expect(try await place.store.job(young) != nil)
    }

    @Test func aJobIsRemovedByName() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        await #expect(throws: JobStoreError.unfinished(.queued)) { try await place.store.remove(id) }
        _ = try await place.store.begin(id, at: moment)
        await #expect(throws: JobStoreError.unfinished(.running)) { try await place.store.remove(id) }
        _ = try await place.store.cancel(id, at: moment)
        try await place.store.remove(id)
        #expect(try await place.store.job(id) == nil)
        await #expect(throws: JobStoreError.unknownJob(id)) { try await place.store.remove(id) }
        await #expect(throws: JobStoreError.unknownJob(id)) { try await place.store.commit(.sample(1), of: id) }
    }

    /// Whoever deletes it in the moment in which it ends takes nothing from the one that ended it.
    @Test func aJobThatIsRemovedAsSoonAsItIsOverHasEndedAllTheSame() async throws {
        let place = try Workplace()
        for _ in 0..<20 {
            let id = try await place.job(.sample(options: JobOptions(password: Secret("pw")))).id
            async let removal: Void = {
                while true {
                    do {
                        return try await place.store.remove(id)
                    } catch JobStoreError.unfinished {
                        await Task.yield()
                    }
                }
            }()
            let job = try await place.store.finish(id, JobEnd(.success), at: moment)
            #expect(job.id == id)
            #expect(job.status == .success)
            try await removal
            #expect(try await place.store.job(id) == nil)
        }
    }

    @Test func positionsAreNotUsedTwice() async throws {
        let place = try Workplace()
        let first = try await place.finishedJob()
        try await place.store.remove(first.id)
        #expect(try await place.job().position > first.position)
    }

    /// Ten thousand pages, read page by page, take no more memory than a hundred.
    @Test func aLongDocumentTakesLittleMemory() async throws {
        let place = try Workplace(limits: limits { $0.retention = 10 })
        let id = try await place.job().id
        let text = String(repeating: "Lorem ipsum dolor sit amet. ", count: 150)
        func commit(_ numbers: ClosedRange<Int>) async throws {
            for start in stride(from: numbers.lowerBound, through: numbers.upperBound, by: 100) {
                try await withThrowingTaskGroup(of: PageCommit.self) { group in
                    for number in start..<min(start + 100, numbers.upperBound + 1) {
                        group.addTask { try await place.store.commit(.sample(number, text: text), of: id) }
                    }
                    for try await result in group {
                        guard case .committed = result else { throw Unexpected("\(result)") }
                    }
                }
            }
        }
        try await commit(1...2000)
        let before = Self.residentBytes()
        try await commit(2001...10_000)
        var next = 1
        while true {
            let pages = try await place.store.readPages(of: id, fromNumber: next, limit: 50)
            guard let last = pages.last else { break }
            #expect(pages.map(\.number) == Array(next...last.number))
            next = last.number + 1
        }
        #expect(next == 10_001)
        #expect(try await place.store.donePages(of: id).ranges == [1...10_000])
        // The document's text alone is 40 MB.
        #expect(Self.residentBytes() - before < 16 << 20)

        let long = try size(place)
        #expect(long > 40 << 20)
        _ = try await place.store.finish(id, JobEnd(.success), at: moment)
        #expect(try await place.store.clean(at: moment + 10) == [id])
        #expect(try size(place) < 3 << 20)
    }

    private static func residentBytes() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}

import Document
import Foundation
import Jobs
import Storage
import TestSupport
import Testing

/// A small file system in memory, for as long as the object lives. Needs to be allowed to mount.
private final class SmallDisk {
    let path: String
    private let folder: TestFolder

    init?(bytes: Int) throws {
        folder = try TestFolder()
        path = folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let result = try Shell.run("mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path])
        if result.status != 0 { return nil }
    }

    deinit { _ = try? Shell.run("umount", ["-l", path]) }

    static let isPossible: Bool = (try? SmallDisk(bytes: 1 << 20)) != nil
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct FullDiskTests {
    private static let text = String(repeating: "Lorem ipsum dolor sit amet. ", count: 1000)

    @Test(
        .enabled(if: SmallDisk.isPossible, "mounting a small disk needs root (CAP_SYS_ADMIN)"),
        arguments: [true, false])
    func aFullDiskLosesNothingAndIsToldApart(sharesMemory: Bool) async throws {
        let disk = try #require(try SmallDisk(bytes: 4 << 20))
        var store = try JobStore(folder: disk.path, at: moment, sharesMemory: sharesMemory)
        guard
            case .created(let job) = try await store.create(
                .sample(), at: moment,
                storeDocument: { try Data("%PDF-".utf8).write(to: URL(fileURLWithPath: "\(disk.path)/spool/\($0)")) })
        else { throw Unexpected("no job") }
        #expect(!store.room.hasRoom(for: 1))

        // Pages, many at once, until there is no room.
        var told: [Int] = []
        var refused: [Int] = []
        for start in stride(from: 1, to: 400, by: 8) where refused.isEmpty {
            await withTaskGroup(of: (Int, Result<PageCommit, JobStoreError>).self) { group in
                for number in start..<start + 8 {
                    group.addTask { [store] in
                        do throws(JobStoreError) {
                            return (
                                number, .success(try await store.commit(.sample(number, text: Self.text), of: job.id))
                            )
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                for await (number, result) in group {
                    switch result {
                    case .success: told.append(number)
                    case .failure(let error):
                        #expect(error == .full(folder: disk.path))
                        #expect(error.isPassing)
                        refused.append(number)
                    }
                }
            }
        }
        #expect(!refused.isEmpty && told.count > 20)
        #expect(try await Set(store.donePages(of: job.id)) == Set(told))

        // Another process finds what was told, and nothing else.
        try store.close()
        store = try JobStore(folder: disk.path, at: moment, sharesMemory: sharesMemory)
        #expect(store.warnings == [])
        #expect(try await Set(store.donePages(of: job.id)) == Set(told))

        // With room again, the same calls succeed.
        #expect(try Shell.run("mount", ["-o", "remount,size=\(32 << 20)", disk.path]).status == 0)
        for number in refused {
            guard case .committed = try await store.commit(.sample(number, text: Self.text), of: job.id) else {
                throw Unexpected("page \(number) was there")
            }
        }
        #expect(try await store.job(job.id)?.pagesDone == told.count + refused.count)
        let pages = try await store.pages(of: job.id, afterSequence: 0, limit: 1000)
        #expect(pages.map(\.sequence) == Array(1...pages.count))
        #expect(pages.allSatisfy { $0.page.text == Self.text })
        try store.close()
        #expect(try JobStore(folder: disk.path, at: moment).warnings == [])
    }
}

import Foundation
import Models
import TestSupport
import Testing

/// With real files and real processes. Terms are a tenth of the standard ones, where one has to wait for them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ModelLeaseTests {
    private let root: TestFolder
    private let folder: ModelFolder

    init() throws {
        root = try TestFolder()
        folder = ModelFolder(root: root.path, manifest: ModelManifest(name: "M", folder: "M"))
    }

    private static var quick: LeaseTerms {
        var terms = LeaseTerms()
        (terms.renewal, terms.belief, terms.silence, terms.settling, terms.longestLook) = (
            .milliseconds(200), .milliseconds(800), .seconds(2), .seconds(1), .milliseconds(500)
        )
        return terms
    }

    private func acquire(_ candidate: LeaseCandidate) throws -> ModelLease? {
        if case .mine(let lease) = try candidate.attempt() { lease } else { nil }
    }

    private final class Holder {
        let process = Process()
        private let output: String

        init(_ root: TestFolder, _ name: String) throws {
            output = try root.write(name, "")
            process.executableURL = URL(fileURLWithPath: Programs.path("FolderWriter"))
            process.arguments = ["hold", root.path, "2"]
            process.standardOutput = FileHandle(forWritingAtPath: output)
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }

        deinit { end() }

        var said: [String] {
            ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }

        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        func end() {
            guard process.isRunning else { return }
            signal(SIGKILL)
            process.waitUntilExit()
        }
    }

    @Test func oneHasItAndTellsTheOthers() throws {
        let lease = try #require(try acquire(LeaseCandidate(for: folder)))
        #expect(lease.isHeld && !lease.isLost)
        let note = LeaseNote(bytesDone: 7, bytesTotal: 9, file: "a\"b/\u{1F600}.safetensors")
        lease.renew(note)
        let other = LeaseCandidate(for: folder)
        var seen: LeaseNote?
        let isTold = try eventually {
            if case .theirs(let found) = try other.attempt() { seen = found }
            return seen == note
        }
        #expect(isTold)
        lease.release()
        #expect(!lease.isHeld && lease.isLost)
        lease.release()
        #expect(try acquire(other)?.isHeld == true)
    }

    /// A name that leaves no room in the file is not shown; nothing else is lost for it.
    @Test func longNote() throws {
        let lease = try #require(try acquire(LeaseCandidate(for: folder)))
        lease.renew(LeaseNote(bytesDone: 7, file: String(repeating: "\u{1}", count: 1000)))
        let other = LeaseCandidate(for: folder)
        let isTold = try eventually {
            if case .theirs(let found) = try other.attempt() { found == LeaseNote(bytesDone: 7) } else { false }
        }
        #expect(isTold && lease.isHeld)
    }

    @Test func killedHolderIsSucceededAtOnce() throws {
        for round in 0..<20 {
            let holder = try Holder(root, "out-\(round)")
            #expect(eventually { holder.said == ["held"] }, "round \(round)")
            let candidate = LeaseCandidate(for: folder)
            #expect(try acquire(candidate) == nil)
            holder.end()
            let lease = try #require(try acquire(candidate), "round \(round)")
            #expect(lease.isHeld)
            lease.release()
        }
        #expect(root.names().filter { $0.hasPrefix(".") } == [".M.lease"])
    }

    /// Nothing on this machine proves that it is gone: the terms decide, and when it comes back it sees that it has lost.
    @Test func pausedHolderLoses() throws {
        let holder = try Holder(root, "out")
        #expect(eventually { holder.said == ["held"] })
        holder.signal(SIGSTOP)
        let candidate = LeaseCandidate(for: folder, terms: Self.quick)
        var lease: ModelLease?
        let isTaken = try eventually {
            usleep(20_000)
            lease = try acquire(candidate)
            return lease != nil
        }
        #expect(isTaken)
        holder.signal(SIGCONT)
        #expect(eventually { holder.said.contains("lost") })
        #expect(lease?.isHeld == true)
        usleep(600_000)
        #expect(lease?.isHeld == true, "what comes back writes into its own file")
        #expect(holder.said.suffix(1) == ["lost"])
        lease?.release()
        #expect(eventually { holder.said.suffix(1) == ["held"] })
    }

    @Test func oneOfManyHasIt() throws {
        let holders = try (0..<8).map { try Holder(root, "out-\($0)") }
        var alive = Set(holders.indices)
        while !alive.isEmpty {
            var holding: [Int] = []
            #expect(
                eventually {
                    holding = alive.filter { holders[$0].said.last == "held" }
                    return !holding.isEmpty
                })
            usleep(100_000)
            holding = alive.filter { holders[$0].said.last == "held" }
            #expect(holding.count == 1)
            for index in holding {
                holders[index].end()
                alive.remove(index)
            }
            if holding.isEmpty { break }
        }
        #expect(alive.isEmpty)
    }

    /// As another node sees it, whose locks say nothing here: content that is not ours and does not change.
    @Test func strangersFileIsTakenOverAfterSilence() throws {
        try root.write(".M.lease", "no record of ours")
        let candidate = LeaseCandidate(for: folder, terms: Self.quick)
        #expect(try acquire(candidate) == nil)
        let begin = Date()
        var lease: ModelLease?
        let isTaken = try eventually {
            usleep(50_000)
            lease = try acquire(candidate)
            return lease != nil
        }
        #expect(isTaken && lease?.isHeld == true)
        #expect(Date().timeIntervalSince(begin) >= 2.9, "two seconds of silence, one of settling")
    }

    @Test func removedByHand() throws {
        let candidate = LeaseCandidate(for: folder, terms: Self.quick)
        let lease = try #require(try acquire(candidate))
        unlink(folder.lease)
        #expect(eventually { lease.isLost })
        #expect(!lease.isHeld)
    }

    @Test func placesThatCannotBeWritten() throws {
        let nowhere = ModelFolder(root: "/proc/models", manifest: folder.manifest)
        #expect(throws: FileFailure.self) { try LeaseCandidate(for: nowhere).attempt() }
        let file = try root.write("file", "")
        let below = ModelFolder(root: "\(file)/models", manifest: folder.manifest)
        #expect(throws: FileFailure.self) { try LeaseCandidate(for: below).attempt() }
        if getuid() != 0 {
            chmod(root.path, 0o500)
            let failure = #expect(throws: FileFailure.self) { try LeaseCandidate(for: folder).attempt() }
            #expect(failure?.isReadOnly == true)
            chmod(root.path, 0o700)
        }
    }

    @Test func rootIsMade() throws {
        let deep = ModelFolder(root: "\(root.path)/a/b", manifest: folder.manifest)
        #expect(try acquire(LeaseCandidate(for: deep))?.isHeld == true)
    }
}

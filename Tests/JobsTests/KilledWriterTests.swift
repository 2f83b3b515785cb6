import Document
import Foundation
import Jobs
import TestSupport
import Testing

/// A process that works on jobs is killed again and again: what it was told is there, and nothing is there twice.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct KilledWriterTests {
    private struct Told {
        var jobs: Set<String> = []
        var ended: Set<String> = []
        /// Numbers by sequence, of each job.
        var pages: [String: [Int: Int]] = [:]
        var warnings: [String] = []

        /// - Parameter text: the last line may be cut short.
        mutating func read(_ text: String) {
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                let words = line.split(separator: " ").map(String.init)
                switch words.first {
                case "job": jobs.insert(words[1])
                case "end": ended.insert(words[1])
                case "page":
                    guard let number = Int(words[2]), let sequence = Int(words[3]) else { continue }
                    if pages[words[1], default: [:]].updateValue(number, forKey: sequence) != nil {
                        warnings.append("sequence \(sequence) of \(words[1]) was told twice")
                    }
                default: warnings.append(String(line))
                }
            }
        }
    }

    @Test func whatWasToldIsThereOnce() async throws {
        let folder = try TestFolder()
        let state = "\(folder.path)/state"
        var told = Told()
        for round in 0..<30 {
            let output = try folder.write("out-\(round)", "")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Programs.path("JobWriter"))
            process.arguments = [state]
            process.standardOutput = FileHandle(forWritingAtPath: output)
            process.standardInput = FileHandle.nullDevice
            try process.run()
            // At any moment of its life, the first of them included.
            let lines = Int.random(in: 0...120)
            let isRunning = eventually {
                let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                return text.utf8.count { $0 == UInt8(ascii: "\n") } >= lines
            }
            #expect(isRunning, "round \(round)")
            usleep(.random(in: 0...20_000))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(
                process.terminationReason == .uncaughtSignal, "it ended by itself: status \(process.terminationStatus)")
            told.read(try String(contentsOfFile: output, encoding: .utf8))
        }
        #expect(told.warnings == [])
        #expect(told.jobs.count > 1 && !told.ended.isEmpty)

        let store = try JobStore(folder: state, at: 0)
        #expect(store.warnings == [])
        var unfinished = 0
        let jobs = try await store.jobs(limit: .max)
        #expect(told.jobs.isSubset(of: jobs.map(\.id.description)))
        for job in jobs {
            let id = job.id.description
            let pages = try await store.pages(of: job.id, afterSequence: 0, limit: .max)
            #expect(pages.map(\.sequence) == Array(1..<(pages.count + 1)))
            #expect(Set(pages.map(\.page.number)).count == pages.count)
            #expect(job.pagesDone == pages.count)
            #expect(pages.allSatisfy { $0.page.text == "\(id) \($0.page.number)" })
            for (sequence, number) in told.pages[id] ?? [:] {
                #expect(pages.count >= sequence && pages[sequence - 1].page.number == number)
            }
            if told.ended.contains(id) { #expect(job.status == .success) }
            if job.status.isFinished { #expect(pages.count == 40) } else { unfinished += 1 }
        }
        #expect(folder.names(in: "state/spool").count == unfinished)
    }
}

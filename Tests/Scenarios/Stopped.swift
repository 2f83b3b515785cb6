import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A stop ends in order, in time, and leaves nothing.
    @Suite(.serialized) struct Stopped {
        /// The namespace goes with PID 1, so what is left is looked for outside of one, and among files.
        ///
        /// - Parameter documents: how many wait for the next life.
        private func leavesNothing(_ container: Container, _ tree: [Int32], documents: Int = 0) {
            // Zombies included: coxswain waits for its own.
            #expect(tree.allSatisfy { ProcessTable().entries[$0] == nil })
            // How long starts take is what stays for the next one, and the jobs; no log of the database's.
            let left = container.folder.names(in: "output/.coxswain").filter {
                !["lock", "spool", "starts.json", "jobs.lock", "jobs.sqlite"].contains($0)
            }
            #expect(left == [])
            #expect(container.folder.names(in: "output/.coxswain/spool").count == documents)
        }

        @Test(arguments: [true, false]) func whenIdle(isProcessOne: Bool) throws {
            let container = try Container(isProcessOne: isProcessOne)
            try container.waitUntilReady()
            let tree = ProcessTable().below(container.supervisor).map(\.pid)
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 10) == 0)
            leavesNothing(container, tree)
            // In the reverse order of need, and nobody had to be killed.
            let order = ["stopping api", "api stopped", "stopping engine", "engine stopped"]
            let places = order.map { container.log.range(of: $0)?.lowerBound }
            #expect(!places.contains(nil) && places.compactMap { $0 } == places.compactMap { $0 }.sorted())
            #expect(!container.logged("killing it"))
        }

        @Test func inTheMiddleOfADocument() throws {
            let container = try Container()
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...27, in: container.folder)
            nonisolated(unsafe) let sharing = container
            nonisolated(unsafe) var answer: (status: Int, body: String)?
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                answer = try? sharing.send(document)
                done.signal()
            }
            #expect(eventually { !container.processes("coxswain-render").isEmpty })
            let tree = ProcessTable().below(container.supervisor).map(\.pid)
            container.signal(SIGTERM)
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 10) == 0)
            done.wait()
            // The client hears where its document will be read, in the next life.
            #expect(answer?.status == 202, "\(String(describing: answer))")
            #expect(answer?.body.contains("\"status_url\":\"/jobs/") == true)
            leavesNothing(container, tree, documents: 1)
        }

        @Test(arguments: ["engine", "warmup"]) func whileStarting(service: String) throws {
            // The service neither becomes ready nor listens to SIGTERM.
            let container = try Container(
                settings: """
                    [service.\(service)]
                    command = ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
                    stop = { grace = "1s" }
                    """)
            #expect(eventually { container.logged("\"message\":\"deaf\"") })
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 10) == 0)
            #expect(container.logged("\(service) did not stop within 1 s: killing it"))
        }

        @Test func threeInterruptsOfAPersonAtATerminal() throws {
            let container = try Container(
                settings: """
                    drain-delay = "20s"
                    [service.api]
                    stop = { grace = "20s" }
                    """, environment: ["COXSWAIN_DRAIN_DELAY": ""])
            try container.waitUntilReady()
            for _ in 0..<3 {
                container.signal(SIGINT)
                usleep(200_000)
            }
            #expect(try container.exitCode(within: 8) == 0)
        }
    }
}

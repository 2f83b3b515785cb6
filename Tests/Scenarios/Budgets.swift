import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// When trying again ends, and how the world hears of it.
    @Suite(.serialized) struct Budgets {
        private static let quick = #"restart = { backoff = ["0s", "10ms", "20ms"], limit = 3, failed-starts = 3 }"#

        @Test func crashesOfWhatHadBeenReadyAreCounted() throws {
            let container = try Container(
                services: "[service.a]\ncommand = [\"/bin/sh\", \"-c\", \"echo up; sleep 0.05; exit 3\"]\n\(Self.quick)"
            )
            #expect(try container.exitCode() == 75)
            #expect(container.count("\"message\":\"up\"") == 4)
            #expect(container.logged("giving up on a: it crashed 4 times within 10 min; the container stops"))
            #expect(container.logged("container is failed: a keeps failing: exited with status 3"))
        }

        @Test func startsThatFailAreCountedApart() throws {
            let container = try Container(
                services: """
                    [service.a]
                    command = ["/bin/sh", "-c", "echo up; exit 1"]
                    ready = { notify = true }
                    \(Self.quick)
                    """)
            #expect(try container.exitCode() == 75)
            #expect(container.count("\"message\":\"up\"") == 4)
            #expect(container.logged("giving up on a: 4 starts in a row failed"))
        }

        @Test func anExitWithStatusZeroIsAFailureToo() throws {
            let container = try Container(
                services: "[service.a]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 0.05; exit 0\"]\n\(Self.quick)")
            #expect(try container.exitCode() == 75)
            #expect(container.logged("exited with status 0, which nobody asked for"))
        }

        @Test func aCauseThatNoRetryCanHelpIsNotTriedAgain() throws {
            let container = try Container(
                services: #"""
                    [service.a]
                    command = ["/bin/sh", "-c", "echo 'vllm: error: unrecognized arguments: --max-modle-len 5' >&2; exit 2"]
                    ready = { notify = true }
                    """#)
            #expect(try container.exitCode() == 69)
            #expect(container.count("a started") == 1)
            #expect(container.logged("giving up on a: no retry can help"))
            #expect(container.logged("unrecognized arguments: --max-modle-len 5"))
            #expect(container.logged("\"hint\":"))
        }

        @Test func oneThatHoldsStaysAliveAndSaysSo() throws {
            let container = try Container(
                services: #"""
                    [service.a]
                    command = ["/bin/sh", "-c", "test -e $HOME/mended && exec sleep 1000; sleep 0.02; exit 1"]
                    restart = { backoff = ["0s", "10ms", "20ms"], limit = 2, when-spent = "hold" }
                    [service.b]
                    command = ["/bin/sleep", "2000"]
                    """#)
            #expect(eventually { (try? container.get("/metrics"))?.body.contains("\ncoxswain_held 1\n") == true })
            #expect(try container.get("/livez").status == 200)
            let ready = try container.get("/readyz")
            #expect(ready.status == 503 && ready.body.contains("a has failed: exited with status 1"))
            #expect(container.running("sleep", "2000") != nil)
            #expect(container.logged("the container stays for you to look at it"))
            // Mended from outside, and told to try again.
            try container.folder.write("mended", "")
            container.signal(SIGHUP)
            try container.waitUntilReady()
            #expect(try container.get("/metrics").body.contains("\ncoxswain_held 0\n"))
        }
    }
}

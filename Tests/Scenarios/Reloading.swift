import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Settings that change while the container runs: what changed takes effect, and only that.
    @Suite(.serialized) struct Reloading {
        private static let two = #"""
            [service.kept]
            command = ["/bin/sleep", "1000"]
            [service.other]
            command = ["/bin/sh", "-c", "echo level $LEVEL; exec sleep 2000"]
            environment = { LEVEL = "one" }
            """#

        private func reload(_ container: Container, _ change: (String) -> String) throws {
            try container.rewriteSettings(change)
            container.signal(SIGHUP)
        }

        @Test func anEnvironmentThatChangedRestartsItsServiceAlone() throws {
            let container = try Container(services: Self.two)
            try container.waitUntilReady()
            let kept = try container.awaitRunning("sleep", "1000")
            let other = try container.awaitRunning("sleep", "2000")
            try reload(container) { $0.replacingOccurrences(of: "\"one\"", with: "\"two\"") }
            #expect(eventually { container.logged("level two") })
            #expect(try container.awaitRunning("sleep", "2000") != other)
            #expect(container.running("sleep", "1000") == kept)
            #expect(container.logged("settings reloaded: changed: other"))
        }

        @Test func theLogFollowsAndNobodyIsStartedAnew() throws {
            let container = try Container(services: Self.two)
            try container.waitUntilReady()
            let pids = [try container.awaitRunning("sleep", "1000"), try container.awaitRunning("sleep", "2000")]
            try reload(container) { "log-format = \"console\"\n" + $0 }
            #expect(
                eventually {
                    container.log.split(separator: "\n").contains {
                        !$0.hasPrefix("{") && $0.contains("settings reloaded")
                    }
                })
            try reload(container) { "log-level = \"error\"\n" + $0 }
            // Its own beginning is still told; of the next one nothing is, though it is done.
            #expect(eventually { container.count("reading the settings again") == 2 })
            try reload(container) { $0.replacingOccurrences(of: "2000", with: "3000") }
            #expect(eventually { container.running("sleep", "3000") != nil })
            #expect(container.count("reading the settings again") == 2)
            #expect(container.running("sleep", "1000") == pids[0] && container.running("sleep", "2000") == nil)
        }

        @Test func aBadFileChangesNothingAndAllThatIsWrongIsSaid() throws {
            let container = try Container(services: Self.two)
            try container.waitUntilReady()
            let kept = try container.awaitRunning("sleep", "1000")
            try reload(container) {
                "lisen = 1\n" + $0.replacingOccurrences(of: "[\"/bin/sleep\"", with: "[7, \"/bin/sleep\"")
            }
            #expect(eventually { container.logged("the settings are wrong, and nothing was changed") })
            #expect(
                container.logged("coxswain.toml:1:1: unknown key `lisen`") && container.logged("coxswain.toml:3:12: "))
            // No TOML at all, and no file at all.
            try reload(container) { _ in "[service" }
            #expect(eventually { container.logged("coxswain.toml:1:1: this header has no end") })
            try FileManager.default.removeItem(atPath: "\(container.folder.path)/coxswain.toml")
            container.signal(SIGHUP)
            #expect(eventually { container.logged("coxswain.toml: there is no such file") })
            #expect(container.running("sleep", "1000") == kept)
            #expect(try container.get("/readyz").status == 200)
        }

        @Test func whoWaitsForItsNextTryIsTriedAtOnceOnceItIsMended() throws {
            let container = try Container(
                services: """
                    [service.kept]
                    command = ["/bin/sleep", "1000"]
                    [service.broken]
                    command = ["/bin/sh", "-c", "exit 3"]
                    restart = { backoff = ["1h", "1h", "1h"] }
                    """)
            let kept = try container.awaitRunning("sleep", "1000")
            #expect(eventually { container.logged("exited with status 3") })
            try reload(container) { $0.replacingOccurrences(of: "exit 3", with: "exec sleep 4000") }
            #expect(eventually { container.running("sleep", "4000") != nil })
            try container.waitUntilReady()
            #expect(container.running("sleep", "1000") == kept)
        }

        @Test func whatCannotChangeIsSaidAndStays() throws {
            let container = try Container(services: Self.two)
            try container.waitUntilReady()
            let pids = [try container.awaitRunning("sleep", "1000"), try container.awaitRunning("sleep", "2000")]
            try reload(container) { "shutdown-grace = \"9s\"\nbefore-ready = \"closed\"\n" + $0 }
            #expect(eventually { container.logged("`shutdown-grace` is other than before") })
            #expect(container.logged("`before-ready` is other than before"))
            #expect(eventually { container.logged("settings reloaded") })
            #expect([container.running("sleep", "1000"), container.running("sleep", "2000")] == pids)
        }

        /// PID 1, which holds the port for an api that does not come up, knows no keys.
        @Test func keysThatAreSetCloseTheMetricsAtOnce() throws {
            let container = try Container(
                services: """
                    [service.portal]
                    command = ["/bin/sleep", "1000"]
                    sockets = ["http"]
                    ready = { notify = true }
                    environment = { COXSWAIN_API_KEY = "" }
                    """)
            #expect(eventually { (try? container.get("/metrics"))?.status == 200 })
            try reload(container) { $0.replacing("= \"\"", with: "= \"0123456789abcdef\"") }
            #expect(eventually { (try? container.get("/metrics"))?.status == 503 })
            try reload(container) { $0.replacing("{ COX", with: "{ COXSWAIN_METRICS_OPEN = \"true\", COX") }
            #expect(eventually { (try? container.get("/metrics"))?.status == 200 })
        }

        @Test func twoInQuickSuccessionAndOneDuringTheStop() throws {
            let container = try Container(services: Self.two)
            try container.waitUntilReady()
            let kept = try container.awaitRunning("sleep", "1000")
            for level in ["two", "three", "four"] {
                try reload(container) { $0.replacing(/LEVEL = "\w+"/, with: "LEVEL = \"\(level)\"") }
            }
            #expect(eventually { container.logged("level four") })
            #expect(container.running("sleep", "1000") == kept)
            container.signal(SIGTERM)
            container.signal(SIGHUP)
            #expect(try container.exitCode(within: 10) == 0)
        }
    }
}

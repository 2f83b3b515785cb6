import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Signals to PID 1, in every phase.
    @Suite(.serialized) struct Signals {
        private static let deaf = #"["/bin/bash", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]"#

        /// A service of each kind, of which one does not get on, so that the container stays in a phase.
        @Test(arguments: [
            ("preloading", "[service.preload]\ncommand = \(deaf)\nready = { exit = true }\nstop = { grace = \"1s\" }"),
            ("starting", "[service.a]\ncommand = \(deaf)\nready = { notify = true }\nstop = { grace = \"1s\" }"),
            ("ready", "[service.a]\ncommand = \(deaf)\nstop = { grace = \"1s\" }"),
            (
                "degraded",
                """
                [service.a]
                command = \(deaf)
                stop = { grace = "1s" }
                [service.b]
                command = ["/bin/sh", "-c", "sleep 0.3; exit 1"]
                restart = { backoff = ["1h", "1h", "1h"] }
                """
            ),
            (
                "failed",
                """
                [service.a]
                command = \(deaf)
                stop = { grace = "1s" }
                [service.b]
                command = ["/bin/sh", "-c", "sleep 0.3; exit 1"]
                restart = { limit = 0, when-spent = "hold" }
                """
            ),
        ]) func termInEachPhase(phase: String, services: String) throws {
            let container = try Container(services: services)
            #expect(
                eventually {
                    container.logged("\"message\":\"deaf\"")
                        && (try? container.get("/health"))?.body.contains("\"phase\":\"\(phase)\"") == true
                },
                "\(container.log)")
            container.signal(SIGTERM)
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 10) == 0)
            #expect(container.logged("did not stop within 1 s: killing it"))
            #expect(container.count("container is draining") == 1)
        }

        @Test func aSignalThatIsLostWhileStartingIsRepeated() throws {
            // As vLLM: the first is lost, the second works.
            let container = try Container(
                services: #"""
                    [service.engine-like]
                    command = ["/bin/bash", "-c", "n=0; trap 'n=$((n+1)); [ $n -ge 2 ] && { echo second; exit 0; }' TERM; echo up; while :; do sleep 0.1; done"]
                    ready = { notify = true }
                    stop = { grace = "10s" }
                    """#)
            #expect(eventually { container.logged("\"message\":\"up\"") })
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 9) == 0)
            #expect(container.logged("\"message\":\"second\""))
            #expect(!container.logged("killing it"))
        }

        @Test func aSecondTermChangesNothing() throws {
            let container = try Container(
                services: #"""
                    [service.slow]
                    command = ["/bin/bash", "-c", "trap 'sleep 1.5; echo finished; exit 0' TERM; while :; do sleep 0.1; done"]
                    """#)
            try container.waitUntilReady()
            for _ in 0..<4 {
                container.signal(SIGTERM)
                usleep(100_000)
            }
            #expect(try container.exitCode(within: 10) == 0)
            #expect(container.logged("\"message\":\"finished\""))
        }

        @Test func termIsHeardFromTheConstructorOn() throws {
            // Before that the kernel throws away what it sends to a process 1 that has said nothing about the signal.
            let container = try Container(services: "[service.a]\ncommand = [\"/bin/sleep\", \"1000\"]")
            let blocked = eventually {
                let status =
                    (try? String(contentsOfFile: "/proc/\(container.supervisor)/status", encoding: .utf8)) ?? ""
                return status.contains("Name:\tcoxswain") && !status.contains("SigBlk:\t0000000000000000")
            }
            #expect(blocked)
            container.signal(SIGTERM)
            #expect(try container.exitCode(within: 10) == 0)
        }

        @Test func usr1WritesTheWholeStateIntoTheLog() throws {
            let container = try Container(services: "[service.a]\ncommand = [\"/bin/sleep\", \"1000\"]")
            try container.waitUntilReady()
            container.signal(SIGUSR1)
            #expect(eventually { container.logged(#"\"phase\":\"ready\""#) && container.logged(#"\"name\":\"a\""#) })
        }

        @Test func othersArePassedOnWhereTheSettingsSaySo() throws {
            let container = try Container(
                services: #"""
                    [service.asked]
                    command = ["/bin/bash", "-c", "trap 'echo got it' USR2; echo armed; while :; do sleep 0.05; done"]
                    forward = ["USR2"]
                    [service.other]
                    command = ["/bin/bash", "-c", "trap 'echo wrong' USR2; echo armed; while :; do sleep 0.05; done"]
                    """#)
            #expect(eventually { container.count("armed") == 2 })
            container.signal(SIGUSR2)
            container.signal(SIGWINCH)
            #expect(eventually { container.logged("\"message\":\"got it\"") })
            #expect(!container.logged("\"message\":\"wrong\""))
        }

        @Test func hupAppliesWhatChangedAndOnlyThat() throws {
            let container = try Container(
                services: #"""
                    [service.kept]
                    command = ["/bin/sleep", "1000"]
                    [service.changed]
                    command = ["/bin/sleep", "2000"]
                    [service.removed]
                    command = ["/bin/sleep", "3000"]
                    """#)
            try container.waitUntilReady()
            let kept = try container.awaitRunning("sleep", "1000")
            try container.rewriteSettings {
                $0.replacingOccurrences(of: "2000", with: "2222").replacingOccurrences(of: "removed", with: "added")
                    .replacingOccurrences(of: "3000", with: "4000")
            }
            container.signal(SIGHUP)
            #expect(
                eventually {
                    container.running("sleep", "2222") != nil && container.running("sleep", "4000") != nil
                        && container.running("sleep", "3000") == nil && container.running("sleep", "2000") == nil
                })
            #expect(container.running("sleep", "1000") == kept)
            #expect(container.logged("settings reloaded: new: added; changed: changed; gone: removed"))
            try container.waitUntilReady()

            // A bad file changes nothing and says so.
            try container.rewriteSettings { $0 + "\n[service.kept]\nkomand = 1" }
            container.signal(SIGHUP)
            #expect(eventually { container.logged("the settings are wrong, and nothing was changed") })
            #expect(container.running("sleep", "1000") == kept)
            #expect(try container.get("/readyz").status == 200)
        }
    }
}

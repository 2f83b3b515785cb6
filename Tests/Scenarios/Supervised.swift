import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Nothing of a service outlives it, and nobody pays for another's misbehaviour.
    @Suite(.serialized) struct Supervised {
        /// Pids that a service wrote into a file, as its own PID namespace counts them.
        private func numbers(_ container: Container, _ name: String) -> [Int32] {
            let text = (try? String(contentsOfFile: "\(container.folder.path)/\(name)", encoding: .utf8)) ?? ""
            return text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        }

        @Test func aDaemonOfItsOwnIsGoneBeforeItsServiceStartsAgain() throws {
            // Each start notes whether the daemon of the one before is still there.
            let container = try Container(
                services: #"""
                    [service.worker]
                    command = ["/bin/bash", "-c", """
                      [ -s "$HOME/daemon" ] && kill -0 "$(cat $HOME/daemon)" 2>/dev/null && echo SURVIVED
                      (setsid env -i HOME="$HOME" /bin/bash -c 'trap "" TERM INT HUP; echo $BASHPID > $HOME/daemon; while :; do sleep 0.05; done' &) &
                      echo round
                      exec sleep 1000
                    """]
                    restart = { backoff = ["0s", "0s", "0s"], limit = 100 }
                    """#)
            for round in 1...5 {
                #expect(
                    eventually {
                        container.count("\"message\":\"round\"") == round && !numbers(container, "daemon").isEmpty
                    })
                usleep(50_000)
                let main = try container.awaitRunning("sleep", "1000")
                kill(main, SIGKILL)
            }
            #expect(eventually { container.count("\"message\":\"round\"") == 6 })
            #expect(!container.logged("SURVIVED"))
            // One daemon, the last one's.
            #expect(eventually { container.processes("bash").count == 1 })
        }

        @Test func aStormOfOrphansDoesNotSlowAnothersRestart() throws {
            let container = try Container(
                services: #"""
                    [service.bomber]
                    command = ["/bin/bash", "-c", "while :; do (sleep 0.01 & ) ; (setsid sleep 0.02 &) ; done"]
                    [service.sleeper]
                    command = ["/bin/bash", "-c", "echo up; exec sleep 1000"]
                    restart = { backoff = ["0s", "0s", "0s"], limit = 100 }
                    """#)
            try container.waitUntilReady()
            usleep(500_000)
            for round in 1...10 {
                #expect(eventually { container.count("\"message\":\"up\"") == round })
                let main = try container.awaitRunning("sleep", "1000")
                let killed = Date()
                kill(main, SIGKILL)
                #expect(eventually { container.count("\"message\":\"up\"") == round + 1 })
                // No measurement, a bound: 1 s is what some supervisors take by design.
                #expect(Date().timeIntervalSince(killed) < 1)
            }
        }

        @Test func orphansFromOutsideAreReapedAndTold() throws {
            let container = try Container(services: "[service.idle]\ncommand = [\"/bin/sleep\", \"1000\"]")
            try container.waitUntilReady()
            // What `docker exec` does: a process from outside, whose children nobody waits for.
            let result = try Shell.run(
                "nsenter",
                [
                    "-t", "\(container.supervisor)", "-p", "-m", "/bin/bash", "-c",
                    "for i in {1..2000}; do (sleep 0 &) ; done",
                ])
            #expect(result.status == 0, "\(result.errors)")
            #expect(eventually { ProcessTable().below(container.supervisor).allSatisfy { $0.state != "Z" } })
            #expect(eventually { container.logged("that no service claims") })
            // Told once and again after a while, not two thousand times.
            #expect(container.count("that no service claims") <= 3)
            #expect(container.processes("sleep").count == 1)
        }

        @Test func aKilledShimTakesItsTreeWithItAndNobodyElse() throws {
            let container = try Container(
                services: #"""
                    [service.worker]
                    command = ["/bin/bash", "-c", "(setsid env -i /bin/sleep 2000 &) ; echo round; exec sleep 1000"]
                    restart = { backoff = ["0s", "0s", "0s"] }
                    """#)
            try container.waitUntilReady()
            #expect(eventually { container.running("sleep", "2000") != nil })
            let daemon = try container.awaitRunning("sleep", "2000")
            let main = try container.awaitRunning("sleep", "1000")
            let shim = try #require(ProcessTable().entries[main]?.parent)
            kill(shim, SIGKILL)
            #expect(eventually { container.count("\"message\":\"round\"") == 2 })
            #expect(ProcessTable().entries[daemon] == nil && ProcessTable().entries[main] == nil)
            #expect(eventually { container.processes("sleep").count == 2 })
        }

        @Test func whatTheKernelRefusesIsAWarning() throws {
            let container = try Container(
                services: """
                    [service.idle]
                    command = ["/bin/sh", "-c", "ulimit -n; exec sleep 1000"]
                    nice = 3
                    limits = { nofile = [256, 99999999] }
                    """)
            try container.waitUntilReady()
            #expect(eventually { container.logged("\"message\":\"256\"") })
            #expect(container.logged("idle starts without what the settings ask for"))
        }

        @Test func aServiceRunsAsWhomTheSettingsName() throws {
            let container = try Container(
                services: #"""
                    [service.idle]
                    command = ["/bin/sh", "-c", "id -u; id -g; pwd; exec sleep 1000"]
                    user = "nobody:12345"
                    directory = "/usr"
                    """#)
            #expect(
                eventually { container.logged("\"message\":\"65534\"") && container.logged("\"message\":\"12345\"") })
            #expect(eventually { container.logged("\"message\":\"/usr\"") })

            let stranger = try Container(
                services: "[service.idle]\ncommand = [\"/bin/sleep\", \"1000\"]\nuser = \"no-such-user\"")
            #expect(try stranger.exitCode() == 78)
            #expect(stranger.logged("there is no user `no-such-user`"))
        }

        @Test func theEnvironmentOfAServiceHoldsNoKeys() throws {
            // Into files, since the log would not show them.
            let place = try TestFolder()
            let container = try Container(
                services: #"""
                    [service.idle]
                    command = ["/bin/sh", "-c", "env >\#(place.path)/idle; exec sleep 1000"]
                    [service.preload]
                    command = ["/bin/sh", "-c", "env >\#(place.path)/preload; echo token=$HF_TOKEN"]
                    ready = { exit = true }
                    """#,
                environment: [
                    "HF_TOKEN": "canary-token", "CLOUDRU_S3_SECRET_KEY": "canary-key", "VLLM_API_KEY": "canary",
                ])
            try container.waitUntilReady()
            func told(_ service: String) -> String {
                (try? String(contentsOfFile: "\(place.path)/\(service)", encoding: .utf8)) ?? ""
            }
            #expect(eventually { told("idle").contains("OMP_NUM_THREADS=") })
            #expect(!told("idle").contains("canary") && told("idle").contains("PYTHONFAULTHANDLER=1"))
            #expect(told("preload").contains("HF_TOKEN=canary-token"))
            #expect(told("preload").components(separatedBy: "canary").count == 2)
            #expect(eventually { container.logged("token=***") })
            #expect(container.count("canary") == 0)
        }
    }
}

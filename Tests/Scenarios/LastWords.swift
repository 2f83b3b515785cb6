import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// A container that ends by itself says why where the orchestrator looks, and its own crash is no exception.
    @Suite(.serialized) struct LastWords {
        /// The file that Kubernetes would mount at /dev/termination-log.
        private func file() throws -> (folder: TestFolder, path: String) {
            let folder = try TestFolder()
            return (folder, try folder.write("termination-log", "of the former life"))
        }

        private func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

        @Test func aServiceThatKeepsFailingIsNamedWithItsLastLines() throws {
            let (folder, path) = try file()
            let container = try Container(
                services: #"""
                    [service.worker]
                    command = ["/bin/sh", "-c", "echo step one; echo 'OSError: [Errno 28] No space left on device' >&2; exit 3"]
                    restart = { backoff = ["0s", "0s", "0s"], failed-starts = 1, limit = 1 }
                    """#, environment: ["COXSWAIN_TERMINATION_LOG": path])
            #expect(try container.exitCode() == 75)
            let text = read(path)
            #expect(text.hasPrefix("worker keeps failing: exited with status 3: "), "\(text)")
            #expect(text.contains("what may help: ") && text.contains("exit status 75"), "\(text)")
            #expect(text.contains("the last lines of worker:\n  step one\n"), "\(text)")
            // The same lines stand in the log's record of the failure.
            #expect(container.logged(#""last_lines":"step one\n"#), "\(container.log)")
            withExtendedLifetime(folder) {}
        }

        @Test func wrongSettingsAndAWrongPlaceAreSaidToo() throws {
            let (folder, path) = try file()
            let wrong = try Container(
                services: "[service.worker]\ncommand = [\"/bin/true\"]\nnedds = []",
                environment: ["COXSWAIN_TERMINATION_LOG": path])
            #expect(try wrong.exitCode() == 78)
            #expect(read(path).contains("nedds") && read(path).contains("exit status 78"), "\(read(path))")

            let missing = try Container(
                services: "[service.worker]\ncommand = [\"/no/such/program\"]",
                environment: ["COXSWAIN_TERMINATION_LOG": path])
            #expect(try missing.exitCode() == 78)
            #expect(
                read(path).hasPrefix("service `worker`: the program `/no/such/program` is not there"), "\(read(path))")
            withExtendedLifetime(folder) {}
        }

        @Test func aStopThatWasAskedForLeavesNoWord() throws {
            let (folder, path) = try file()
            let container = try Container(
                services: "[service.idle]\ncommand = [\"/bin/sleep\", \"1000\"]",
                environment: ["COXSWAIN_TERMINATION_LOG": path])
            try container.waitUntilReady()
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            #expect(read(path) == "of the former life")
            withExtendedLifetime(folder) {}
        }

        /// Writes to PID 1's own descriptor 2, as its runtime would: by a duplicate of it, which shares its position.
        private func say(_ text: String, as pid: Int32, times: Int = 1) throws {
            let script = """
                import ctypes, os, sys
                process = os.pidfd_open(int(sys.argv[1]))
                descriptor = ctypes.CDLL(None).syscall(438, process, 2, 0)  # pidfd_getfd
                for _ in range(int(sys.argv[3])):
                    try: os.write(descriptor, sys.argv[2].encode())
                    except PermissionError: sys.exit(9)
                """
            let result = try Shell.run("python3", ["-c", script, "\(pid)", text, "\(times)"])
            try #require(result.status == 0 || result.status == 9, "\(result.errors)")
        }

        @Test func whatIsSaidOnStandardErrorBecomesRecords() throws {
            let container = try Container(
                services: "[service.idle]\ncommand = [\"/bin/sh\", \"-c\", \"while :; do sleep 0.2; echo tick; done\"]")
            try container.waitUntilReady()
            try say("something odd\nand more\n", as: container.supervisor)
            #expect(
                eventually {
                    container.logged(#""message":"something odd""#) && container.logged(#""message":"and more""#)
                })
            // It is bounded, whoever writes how much, and works again once it was read.
            try say(String(repeating: "x", count: 999) + "\n", as: container.supervisor, times: 1000)
            #expect(eventually { container.logged("xxxx") })
            #expect(
                eventually {
                    (try? say("still here\n", as: container.supervisor)) != nil && container.logged("still here")
                })
        }

        @Test func aCrashWaitsForNobodyAndSaysWhatItWas() throws {
            let (folder, path) = try file()
            // Standard output is full and nobody reads it.
            let container = try PipedContainer(
                services:
                    "[service.talker]\ncommand = [\"/bin/sh\", \"-c\", \"while :; do echo $((n = n + 1)); done\"]",
                environment: ["COXSWAIN_TERMINATION_LOG": path])
            try container.waitUntilReady()
            usleep(1_000_000)
            try say("Fatal error: Index out of range: file Planted.swift, line 7\n", as: container.supervisor)
            let killed = Date()
            // As a fault of its own would be; from outside of the namespace, since inside of it nobody may do that to PID 1.
            container.signal(SIGSEGV)
            #expect(try container.exitCode(within: 5) == 70)
            #expect(Date().timeIntervalSince(killed) < 1)
            let text = read(path)
            #expect(text.hasPrefix("coxswain crashed by SIGSEGV"), "\(text)")
            #expect(text.contains("Fatal error: Index out of range: file Planted.swift, line 7"), "\(text)")
            withExtendedLifetime(folder) {}
        }

        @Test func aCrashThatIsReadIsARecord() throws {
            let container = try Container(services: "[service.idle]\ncommand = [\"/bin/sleep\", \"1000\"]")
            try container.waitUntilReady()
            // Nobody in the container can do that to PID 1, as to any other that handles no such signal.
            let tried = try Shell.run(
                "nsenter", ["-t", "\(container.supervisor)", "-p", "-m", "/bin/sh", "-c", "kill -SEGV 1; kill -ABRT 1"])
            #expect(tried.status == 0)
            usleep(200_000)
            #expect(try container.get("/livez").status == 200)
            container.signal(SIGABRT)
            #expect(try container.exitCode(within: 5) == 70)
            let last = container.log.split(separator: "\n").last.map(String.init) ?? ""
            struct Record: Decodable { var level, service, message: String }
            let record = try JSONDecoder().decode(Record.self, from: Data(last.utf8))
            #expect(record.level == "error" && record.service == "coxswain")
            #expect(record.message.hasPrefix("coxswain crashed by SIGABRT"))
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What an operator does, and is told, in a container that is in trouble.
    @Suite(.serialized) struct Operators {
        private func coxswain(_ container: Container, _ arguments: String...) throws -> Shell.Result {
            try Shell.run(
                Programs.path("coxswain"), arguments, environment: Self.environment(container))
        }

        private static func environment(_ container: Container) -> [String: String] {
            [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                "COXSWAIN_CONTROL_SOCKET": "\(container.folder.path)/output/.coxswain/control.sock",
            ]
        }

        /// A command that goes on until this is released, and what it has written.
        private final class Following {
            private let process = Process()
            private let file: String
            private let folder: TestFolder

            init(_ container: Container, _ arguments: [String]) throws {
                folder = try TestFolder()
                file = try folder.write("out", "")
                process.executableURL = URL(fileURLWithPath: Programs.path("coxswain"))
                process.arguments = arguments
                process.environment = Operators.environment(container)
                process.standardOutput = FileHandle(forWritingAtPath: file)
                process.standardError = FileHandle.nullDevice
                try process.run()
            }

            var text: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

            /// Ends it as Ctrl-C does; returns the signal that it died of.
            func interrupt() -> Int32 {
                process.interrupt()
                process.waitUntilExit()
                return process.terminationReason == .uncaughtSignal ? process.terminationStatus : 0
            }

            deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        }

        @Test func findTheCauseAndMendIt() throws {
            let container = try Container(
                settings: "[service.engine]\nrestart = { backoff = [\"4s\", \"4s\", \"4s\"] }\n",
                environment: ["HF_TOKEN": "hf_canarycanarycanarycanary"])
            try container.waitUntilReady()
            let watch = try Following(container, ["status", "--watch"])
            #expect(eventually { watch.text.contains(" ready engine=ready") })
            let status = try coxswain(container, "status")
            #expect(status.status == 0, "\(status.errors)")
            #expect(status.output.hasPrefix("ready, up "))
            for name in ["engine", "warmup", "api"] { #expect(status.output.contains("\n\(name) ")) }
            #expect(try coxswain(container, "explain").status == 0)

            // It dies: the state, the events and the explanation tell the same story.
            let lines = try Following(container, ["logs", "-f", "-n", "0", "coxswain"])
            #expect(eventually { (try? coxswain(container, "logs", "-n", "1").output.isEmpty) == false })
            let engine = try #require(container.processes("coxswain-tesseract").first)
            kill(engine, SIGKILL)
            var explanation = try coxswain(container, "explain")
            #expect(
                eventually {
                    explanation = (try? coxswain(container, "explain")) ?? explanation
                    return explanation.output.contains("engine has not been running")
                }, "\(explanation.output)")
            #expect(explanation.status == 1)
            let told = explanation.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(told.contains("killed by SIGKILL") && told.contains("It is started again in"), "\(told)")
            let events = try coxswain(container, "events", "--json", "-n", "all").output
            #expect(events.contains(#""kind":"failed""#) && events.contains(#""kind":"restarting""#), "\(events)")

            // Told to start at once, it does, and the command says how it ended.
            let start = try coxswain(container, "start", "engine")
            #expect(
                start.status == 0 && start.output.contains("engine is ready (pid "), "\(start.output) \(start.errors)")
            try container.waitUntilReady()
            let api = container.running("coxswain-ocr", "serve")
            let restart = try coxswain(container, "restart", "api")
            #expect(restart.status == 0 && restart.output.contains("api is ready (pid "), "\(restart.errors)")
            #expect(container.running("coxswain-ocr", "serve") != api)
            #expect(eventually { lines.text.contains("an operator asks: restart api") })
            #expect(lines.text.contains("engine failed after") && !lines.text.contains("\"service\":\"engine\""))
            #expect(lines.interrupt() == SIGINT)
            #expect(watch.text.contains(" degraded engine=backoff"), "\(watch.text)")

            // A wrong name, and wrong settings.
            let wrong = try coxswain(container, "stop", "engin")
            #expect(wrong.status == 64 && wrong.errors.contains("Did you mean `engine`?"), "\(wrong.errors)")
            try container.rewriteSettings { $0 + "\nlisten-on = 1\n[service.api]\ncomand = []\n" }
            let refused = try coxswain(container, "reload")
            #expect(refused.status == 1 && refused.errors.contains("nothing was changed"), "\(refused.errors)")
            #expect(refused.errors.contains("`listen-on`") || refused.errors.contains("listen-on"))
            #expect(refused.errors.contains("comand"))
            #expect(try container.get("/readyz").status == 200)
            try container.rewriteSettings { _ in "[service.extra]\ncommand = [\"/bin/sleep\", \"1000\"]\n" }
            let reloaded = try coxswain(container, "reload")
            #expect(
                reloaded.status == 0 && reloaded.output.contains("new: extra"), "\(reloaded.output) \(reloaded.errors)")
            #expect(eventually { container.running("sleep", "1000") != nil })

            try bundle(container)
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            #expect(eventually { watch.text.contains("draining") || watch.text.contains("stopped") })
            let late = try coxswain(container, "status")
            #expect(late.status == 2 && late.errors.contains("no coxswain answers"), "\(late.errors)")
        }

        private func bundle(_ container: Container) throws {
            let file = "\(container.folder.path)/report.tar"
            let made = try coxswain(container, "bundle", "-o", file)
            #expect(made.status == 0, "\(made.errors)")
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
            #expect(try coxswain(container, "bundle", "-o", file).status == 1)
            try FileManager.default.createDirectory(
                atPath: "\(container.folder.path)/unpacked", withIntermediateDirectories: true)
            let unpacked = try Shell.run(
                "tar", ["-C", "\(container.folder.path)/unpacked", "--strip-components=1", "-xf", file])
            #expect(unpacked.status == 0, "\(unpacked.errors)")
            let names = container.folder.names(in: "unpacked")
            let expected = [
                "README.txt", "container.txt", "engine-version.txt", "environment.txt", "events.ndjson",
                "explanation.txt",
                "gpu.txt", "log", "metrics.txt", "settings.json", "state.json", "version.json", "versions.txt",
            ]
            #expect(Set(expected).isSubset(of: names) && !names.contains("MISSING.txt"), "\(names)")
            for service in ["engine", "warmup", "api", "extra", "coxswain"] {
                #expect(container.folder.names(in: "unpacked/log").contains("\(service).ndjson"))
            }
            let canary = try Shell.run("grep", ["-r", "canarycanary", "\(container.folder.path)/unpacked"])
            #expect(canary.status == 1, "\(canary.output)")
        }

        @Test func aPipeThatNobodyReadsEndsACommandQuietly() throws {
            let container = try Container(
                services: #"""
                    [service.chatter]
                    command = ["/bin/bash", "-c", "for i in {1..3000}; do echo line $i; done; exec sleep 1000"]
                    """#)
            try container.waitUntilReady()
            #expect(eventually { container.logged("line 3000") })
            let result = try Shell.run(
                "bash", ["-c", "\(Programs.path("coxswain")) logs -n all | head -n 1"],
                environment: Self.environment(container))
            #expect(result.output.split(separator: "\n").count == 1 && result.errors == "", "\(result.errors)")
        }
    }
}

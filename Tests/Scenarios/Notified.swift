import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// sd_notify(3), from children and to the world above.
    @Suite(.serialized) struct Notified {
        /// A container with a service in Python that can say things of itself.
        private func container(_ body: String, _ settings: String = "", within: String = "20s") throws -> Container {
            let container = try Container(
                services: """
                    [service.a]
                    command = ["/bin/sh", "-c", "while [ ! -e $HOME/service.py ]; do sleep 0.01; done; exec python3 $HOME/service.py"]
                    ready = { notify = true, within = "\(within)" }
                    stop = { grace = "5s" }
                    restart = { backoff = ["0s", "0s", "0s"] }
                    \(settings)
                    """)
            try container.folder.write(
                "service.new",
                """
                import os, signal, socket, sys, time
                def say(text):
                    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                        s.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                \(body)
                """)
            // As a whole: the service waits for the file, and must not read half of it.
            try FileManager.default.moveItem(
                atPath: "\(container.folder.path)/service.new", toPath: "\(container.folder.path)/service.py")
            return container
        }

        @Test func readyAndStatusAreHeard() throws {
            let container = try container(
                "say('STATUS=loading 3 of 7\\n'); time.sleep(1); say('READY=1'); time.sleep(1000)")
            #expect(eventually { (try? container.get("/readyz?verbose"))?.body.contains("(loading 3 of 7)") == true })
            #expect(try container.get("/readyz").status == 503)
            try container.waitUntilReady()
        }

        @Test func aStrangerIsNotBelieved() throws {
            let container = try container("time.sleep(1000)")
            #expect(eventually { container.running("python3", "\(container.folder.path)/service.py") != nil })
            let socket = "\(container.folder.path)/output/.coxswain/notify.sock"
            let result = try Shell.run(
                "nsenter",
                [
                    "-t", "\(container.supervisor)", "-p", "-m", "python3", "-c",
                    "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', '\(socket)')",
                ])
            #expect(result.status == 0, "\(result.errors)")
            usleep(300_000)
            #expect(try container.get("/readyz").status == 503)
        }

        @Test func aWatchdogThatFallsSilentIsAHang() throws {
            // Armed only from ready on: the start takes longer than the watchdog allows.
            let container = try container(
                "time.sleep(1.5)\nsay('READY=1')\nfor _ in range(4): time.sleep(0.2); say('WATCHDOG=1')\ndef stuck_here(): time.sleep(1000)\nstuck_here()",
                "watchdog = \"1s\"")
            #expect(eventually { container.logged("its watchdog has not been heard for 1 s") })
            // Where it hung is in the report.
            #expect(eventually { container.logged("it hung in stuck_here") }, "\(container.log)")
            #expect(eventually { container.count("a started") >= 2 })
        }

        @Test(arguments: [true, false]) func moreTimeIsGivenWhereItIsAskedFor(asks: Bool) throws {
            let container = try container(
                """
                for _ in range(6):
                    time.sleep(0.5)
                    \(asks ? "say('EXTEND_TIMEOUT_USEC=1500000')" : "pass")
                say('READY=1')
                time.sleep(1000)
                """, within: "1500ms")
            if asks {
                try container.waitUntilReady()
                #expect(container.count("a started") == 1)
            } else {
                #expect(eventually { container.logged("it was not ready within 1.5 s") })
            }
        }

        @Test func stoppingIsTheEndOfBeingReady() throws {
            let container = try container(
                "say('READY=1'); time.sleep(1); say('STOPPING=1'); time.sleep(1.5); sys.exit(0)")
            try container.waitUntilReady()
            #expect(eventually { (try? container.get("/readyz"))?.body.contains("a is stopping") == true })
            #expect(eventually { container.count("a started") == 2 })
        }

        /// systemd's end of the protocol: a datagram socket that writes down what comes.
        private final class Listener {
            let path: String
            private let folder: TestFolder
            private let process = Process()

            init() throws {
                folder = try TestFolder()
                path = "\(folder.path)/above.sock"
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = [
                    "python3", "-u", "-c",
                    """
                    import socket
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\(path)')
                    while True: open('\(folder.path)/said', 'ab').write(s.recv(4096) + b'\\n')
                    """,
                ]
                try process.run()
                let path = path
                #expect(eventually { FileManager.default.fileExists(atPath: path) })
            }

            // A polite signal may be blocked in it: what this process starts inherits its mask.
            deinit { kill(process.processIdentifier, SIGKILL) }

            func said() -> String { (try? String(contentsOfFile: "\(folder.path)/said", encoding: .utf8)) ?? "" }
        }

        @Test func theWorldAboveHearsHowFarTheStartIs() throws {
            let above = try Listener()
            let container = try Container(
                settings: StandInEngine.service(answer: "read")
                    + "\n[service.warmup]\nenvironment = { COXSWAIN_WARMUP_MAX_ERROR = \"off\" }",
                environment: ["COXSWAIN_ENGINE": "vllm", "NOTIFY_SOCKET": above.path], isProcessOne: false)
            try container.folder.write("engine-port", "\(container.enginePort)")
            try container.waitUntilReady()
            #expect(
                eventually { above.said().contains(/STATUS=starting: engine is loading weights, about \d+ s more/) })
            #expect(eventually { above.said().contains("STATUS=ready") })
        }

        @Test func theWorldAboveIsTold() throws {
            let above = try Listener()
            let (path, said) = (above.path, above.said)
            let container = try Container(
                services: "[service.a]\ncommand = [\"/bin/sleep\", \"1000\"]",
                environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"], isProcessOne: false)
            try container.waitUntilReady()
            #expect(eventually { said().contains("READY=1\nSTATUS=ready") && said().contains("EXTEND_TIMEOUT_USEC=") })
            #expect(eventually { said().components(separatedBy: "WATCHDOG=1").count > 4 })
            container.signal(SIGHUP)
            #expect(eventually { said().contains("RELOADING=1\nMONOTONIC_USEC=") })
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            #expect(eventually { said().contains("STOPPING=1\nSTATUS=draining: asked to stop by SIGTERM") })
            // Nothing of it reaches a service.
            #expect(said().components(separatedBy: "READY=1").count <= 3)
        }
    }
}

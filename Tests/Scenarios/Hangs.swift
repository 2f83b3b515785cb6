import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What hangs is found though it still listens, and what works is not taken for hung.
    @Suite(.serialized) struct Hangs {
        @Test func anAPIThatIsStopped() throws {
            let container = try Container()
            try container.waitUntilReady()
            let api = try container.awaitRunning("coxswain-ocr", "serve")
            kill(api, SIGSTOP)
            // Each of its threads stops when it is next scheduled; until then it may accept one more.
            #expect(eventually { ProcessTable.threads(of: api).allSatisfy { $0 == "T" } })
            let stopped = Date()
            // Whoever comes meanwhile waits in the socket's queue, and is answered.
            let answer = try container.get("/ocr/unknown", timeout: 10)
            #expect([503, 404].contains(answer.status))
            #expect(Date().timeIntervalSince(stopped) < 5)
            #expect(eventually { container.logged("api: its watchdog has not been heard for 4") })
            #expect(eventually { (try? container.get("/readyz"))?.status == 200 })
            #expect(try container.awaitRunning("coxswain-ocr", "serve") != api)
        }

        @Test func anEngineThatIsStoppedWhileIdle() throws {
            let container = try Container(
                settings: #"""
                    [service.engine]
                    watch = { every = "60s", canary = { after = "1s", timeout = "2s" } }
                    """#)
            try container.waitUntilReady()
            // Canaries are answered, again and again.
            usleep(4_000_000)
            #expect(container.count("engine failed") == 0)
            let engine = try #require(container.processes("coxswain-tesseract").first)
            kill(engine, SIGSTOP)
            #expect(eventually { container.logged("one-token request was not answered within 2") }, "\(container.log)")
            #expect(eventually { (try? container.get("/readyz"))?.status == 503 })
            try container.waitUntilReady()
            #expect(container.processes("coxswain-tesseract") != [engine])
        }

        @Test func anEngineThatIsStoppedUnderLoad() throws {
            let container = try Container(
                settings: #"""
                    [service.engine]
                    watch = { every = "60s", silence = "8s" }
                    """#)
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...11, in: container.folder)
            let answer = try container.whileSending(document) {
                #expect(eventually { !container.processes("coxswain-render").isEmpty })
                usleep(1_000_000)
                let engine = try #require(container.processes("coxswain-tesseract").first)
                kill(engine, SIGSTOP)
                #expect(eventually { container.logged("no token and no answer for 8") }, "\(container.log)")
            }
            #expect(answer.status == 200, "\(answer.body)")
            let result = try Answer(answer.body)
            #expect(result.status == "success" && result.pages_processed == 4)
        }

        /// Its health endpoint shares a thread with the work, as in many servers.
        @Test func aBusyEngineIsNotTakenForHung() throws {
            let container = try Container(
                settings: StandInEngine.service(
                    answer: "read",
                    keys: #"watch = { every = "1s", timeout = "500ms", failures = 2, silence = "3s" }"#)
                    + "\n[service.warmup]\nenvironment = { COXSWAIN_WARMUP_MAX_ERROR = \"off\" }",
                environment: ["COXSWAIN_ENGINE": "vllm"])
            try container.folder.write("engine-port", "\(container.enginePort)")
            try container.waitUntilReady()
            try container.folder.write("tokens", "90")
            let document = try Book.pages("en", 8...8, in: container.folder)
            let answer = try container.whileSending(document) {
                usleep(500_000)
                try container.folder.write("deaf", "")
                usleep(6_000_000)
                #expect(!container.logged("health checks failed"), "\(container.log)")
            }
            #expect(answer.status == 200 && answer.body.contains("read"), "\(answer.body)")
            // Idle, the same silence is a hang.
            #expect(eventually { container.logged("2 health checks failed") })
        }
    }
}

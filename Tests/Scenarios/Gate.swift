import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The gate opens when the engine has proved that it reads, and not before.
    @Suite(.serialized) struct Gate {
        @Test func anEngineThatReadsWrongIsReplacedAndThenGivenUp() throws {
            let container = try Container(
                settings: StandInEngine.service(
                    answer: "something else altogether",
                    keys: #"restart = { backoff = ["0s", "50ms", "50ms"], failed-starts = 1 }"#),
                environment: ["COXSWAIN_ENGINE": "vllm"])
            try container.folder.write("engine-port", "\(container.enginePort)")
            #expect(eventually { container.logged("found it wanting") }, "\(container.log)")
            #expect(try container.exitCode() == 75)
            #expect(container.logged("the engine's answer does not match page"))
            #expect(container.count("\"message\":\"engine started\"") == 2)
            #expect(container.logged("giving up on engine: 2 starts in a row failed"))
            #expect(!container.logged("container is ready"))
        }

        @Test func aPortThatIsClosedBeforeReadyIsNeverClosedAgain() throws {
            let container = try Container(environment: ["COXSWAIN_BEFORE_READY": "closed"])
            var refused = 0
            #expect(
                eventually(within: 60) {
                    do {
                        return try container.get("/readyz").status == 200
                    } catch HTTPExchange.Failure.refused {
                        refused += 1
                        return false
                    } catch {
                        return false
                    }
                }, "\(container.log)")
            #expect(refused > 0)
            // The first answer that anybody had was ready.
            #expect(container.logged("container is ready"))
            kill(try container.awaitRunning("coxswain-ocr", "serve"), SIGKILL)
            #expect(
                eventually {
                    do {
                        return try container.get("/readyz").status == 200 && container.count("api is ready") == 2
                    } catch HTTPExchange.Failure.refused {
                        Issue.record("refused after it was ready")
                        return true
                    } catch {
                        return false
                    }
                })
        }

        @Test func whatIsHealedSoonEnoughStaysReady() throws {
            let container = try Container(environment: ["COXSWAIN_UNREADY_AFTER": "60s"])
            try container.waitUntilReady()
            let engine = try #require(container.processes("coxswain-tesseract").first)
            kill(engine, SIGKILL)
            #expect(eventually { (try? container.get("/health"))?.body.contains(#""status":"degraded""#) == true })
            #expect(try container.get("/readyz").status == 200)
            #expect(try container.get("/health").status == 200)
            #expect(eventually { (try? container.get("/health"))?.body.contains(#""status":"healthy""#) == true })
            #expect(!container.logged("readyz"))
        }

        @Test func anEngineElsewhereIsOnlyWatched() throws {
            let port = try Container.freePort()
            let folder = try TestFolder()
            func startEngine() throws -> Process {
                let engine = Process()
                engine.executableURL = URL(fileURLWithPath: Programs.path("coxswain-tesseract"))
                engine.arguments = ["--host", "127.0.0.1", "--port", "\(port)"]
                engine.standardOutput = FileHandle.nullDevice
                engine.standardError = FileHandle.nullDevice
                try engine.run()
                return engine
            }
            var engine = try startEngine()
            defer { kill(engine.processIdentifier, SIGKILL) }
            let container = try Container(
                settings: #"""
                    [service.engine]
                    ready = { every = "200ms" }
                    watch = { every = "300ms", timeout = "300ms", failures = 2 }
                    """#,
                environment: [
                    "COXSWAIN_ENGINE": "http://127.0.0.1:\(port)/v1", "COXSWAIN_PAGE_DPI": "300",
                    "COXSWAIN_PAGE_PIXELS": "17400000", "COXSWAIN_PAGE_COLOR": "grey", "STATE_DIR": folder.path,
                ])
            try container.waitUntilReady()
            #expect(container.logged("engine runs elsewhere"))
            #expect(container.processes("coxswain-tesseract").isEmpty)
            // Away for longer than a budget of starts would last.
            kill(engine.processIdentifier, SIGKILL)
            engine.waitUntilExit()
            #expect(eventually { (try? container.get("/readyz"))?.status == 503 })
            #expect(try container.get("/livez").status == 200)
            usleep(2_000_000)
            engine = try startEngine()
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            #expect(try container.send(document).status == 200)
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            #expect(engine.isRunning)
        }
    }
}

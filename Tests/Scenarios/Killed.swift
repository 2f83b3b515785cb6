import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// `kill -9` of each part at a bad moment.
    @Suite(.serialized) struct Killed {
        @Test func theEngineInTheMiddleOfTenPages() throws {
            let container = try Container()
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...17, in: container.folder)
            let answer = try container.whileSending(document) {
                #expect(eventually { !container.processes("coxswain-render").isEmpty })
                usleep(1_500_000)
                let engine = try #require(container.processes("coxswain-tesseract").first)
                kill(engine, SIGKILL)
                #expect(eventually { (try? container.get("/readyz"))?.status == 503 })
                // Degraded, not down.
                #expect(try container.get("/livez").status == 200)
                #expect(eventually { (try? container.get("/readyz"))?.status == 200 })
                #expect(container.processes("coxswain-tesseract") != [engine])
            }
            #expect(answer.status == 200, "\(answer.body)")
            let result = try Answer(answer.body)
            #expect(result.status == "success")
            #expect(result.pages.map(\.number) == Array(1...10))
            for page in result.pages {
                #expect(page.outcome == "ok" && page.text.contains { $0.isLetter })
            }
            #expect(container.logged("engine failed after") && container.logged("killed by SIGKILL"))
        }

        @Test func theAPI() throws {
            let container = try Container()
            try container.waitUntilReady()
            let api = try #require(container.running("coxswain-ocr", "serve"))
            kill(api, SIGKILL)
            // Every new connection is answered, by whoever holds the port.
            var unready = 0
            let back = eventually(within: 20) {
                do {
                    let answer = try container.get("/ocr/unknown")
                    if answer.status == 503 {
                        #expect(answer.headers["retry-after"] != nil)
                        unready += 1
                    }
                    return answer.status == 404
                } catch HTTPExchange.Failure.reset, HTTPExchange.Failure.cutShort {
                    // The few that the dying API had itself accepted go with it.
                    return false
                } catch {
                    Issue.record("\(error)")
                    return false
                }
            }
            #expect(back)
            #expect(unready > 0)
            #expect(eventually { (try? container.get("/readyz"))?.status == 200 })
            #expect(container.running("coxswain-ocr", "serve") != api)
        }

        @Test func aRenderer() throws {
            let container = try Container()
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...13, in: container.folder)
            let answer = try container.whileSending(document) {
                // Stopped first, so that it certainly holds a page when it dies.
                #expect(eventually { !container.processes("coxswain-render").isEmpty })
                for renderer in container.processes("coxswain-render") { kill(renderer, SIGSTOP) }
                usleep(500_000)
                for renderer in container.processes("coxswain-render") { kill(renderer, SIGKILL) }
            }
            #expect(answer.status == 200, "\(answer.body)")
            let result = try Answer(answer.body)
            #expect(result.pages.map(\.number) == Array(1...6))
            #expect(result.pages.allSatisfy { $0.outcome == "ok" })
        }

        @Test func aShimTakesNobodyWithItThatStays() throws {
            let container = try Container()
            try container.waitUntilReady()
            let engine = try #require(container.processes("coxswain-tesseract").first)
            let shim = try #require(ProcessTable().entries[engine]?.parent)
            kill(shim, SIGKILL)
            // The engine landed on PID 1; it is ended before another one starts.
            #expect(eventually { !container.processes("coxswain-tesseract").contains(engine) })
            // Until that is seen and told, the container is as ready as before.
            #expect(eventually { container.logged("its shim was killed") }, "\(container.log)")
            #expect(eventually { container.count("\"message\":\"engine is ready") == 2 }, "\(container.log)")
            try container.waitUntilReady()
            #expect(container.processes("coxswain-tesseract").count == 1)
        }

        @Test func theSupervisorItselfWhereItIsNotProcessOne() throws {
            let container = try Container(isProcessOne: false)
            try container.waitUntilReady()
            let tree = ProcessTable().below(container.supervisor).map(\.pid)
            #expect(tree.count >= 4)
            container.signal(SIGKILL)
            #expect(eventually { tree.allSatisfy { ProcessTable().entries[$0].map { $0.state == "Z" } ?? true } })
        }
    }
}

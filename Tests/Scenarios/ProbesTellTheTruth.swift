import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// From the first moment to the last somebody answers, and says what is so.
    @Suite(.serialized) struct ProbesTellTheTruth {
        @Test func theStartIsAnsweredFromTheBeginning() throws {
            // A warm-up that takes a while, so that every phase can be seen.
            let container = try Container(
                settings: "[service.warmup]\ncommand = [\"/bin/sh\", \"-c\", \"sleep 1\"]\n")
            var phases: [String] = []
            let ready = eventually(within: 60) {
                // Refused only until coxswain has bound the port; never afterwards.
                do {
                    let probe = try container.get("/readyz?format=json")
                    #expect(try container.get("/livez").status == 200)
                    guard probe.status != 200 else { return true }
                    #expect(probe.status == 503 && probe.headers["retry-after"] != nil)
                    #expect(probe.body.contains("\"reason\":\"") && probe.body.contains("\"progress\":"))
                    if let phase = probe.body.firstMatch(of: /"phase":"([a-z]+)"/)?.1, phases.last != String(phase) {
                        phases.append(String(phase))
                    }
                    let work = try HTTPExchange.send(
                        "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", port: container.port)
                    // The API may have taken over between the two requests.
                    #expect([503, 400, 408, 415].contains(work.status))
                } catch HTTPExchange.Failure.refused {
                    #expect(phases.isEmpty)
                } catch {
                    Issue.record("\(error)")
                }
                return false
            }
            #expect(ready)
            #expect(phases.contains("warming"))
            #expect(try container.get("/startupz").status == 200)
            #expect(try container.get("/health").status == 200)
        }

        @Test func aContainerThatCannotStartSaysSoAndLeavesWithItsCode() throws {
            let container = try Container(
                settings: """
                    [service.engine]
                    command = ["/bin/sh", "-c", "sleep 0.2; echo 'ERROR no such thing'; exit 3"]
                    restart = { backoff = ["0s", "50ms", "50ms"], failed-starts = 3 }
                    """)
            _ = eventually { (try? container.get("/livez"))?.status == 200 }
            let health = try? container.get("/health")
            #expect(health?.status == 503)
            #expect(try container.exitCode() == 75)
            #expect(container.logged("giving up on engine: 4 starts in a row failed"))
            #expect(container.logged("exited with status 3"))
            #expect(container.logged("ERROR no such thing"))
        }
    }
}

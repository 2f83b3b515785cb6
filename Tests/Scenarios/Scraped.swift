import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What Prometheus sees of a whole container.
    @Suite(.serialized) struct Scraped {
        private func value(_ series: String, in text: String) -> Double? {
            text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
                .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
        }

        private func scrape(_ container: Container, _ target: String = "/metrics") throws -> String {
            try container.get(target).body
        }

        @Test func everythingInOneScrape() throws {
            let container = try Container()
            // PID 1 itself, before there is anybody else.
            #expect(eventually { (try? scrape(container))?.contains("coxswain_build_info") == true })
            let early = try scrape(container)
            if value("coxswain_ready", in: early) == 0 {
                #expect(ExposedMetrics(early).types == (try DocumentedMetrics([.container]).types))
                #expect(value("coxswain_supervisor_up", in: early) == 1)
            }
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...9, in: container.folder)
            #expect(try container.send(document).status == 200)
            let text = try scrape(container)
            #expect(
                ExposedMetrics(text).types.filter { $0.key.hasPrefix("coxswain_") } == (try DocumentedMetrics().types))
            #expect(value("coxswain_supervisor_up", in: text) == 1)
            #expect(value("coxswain_ready", in: text) == 1)
            #expect(value(#"coxswain_pages_total{outcome="ok",reason="none"}"#, in: text) == 2)
            for service in ["engine", "api"] {
                let label = "{service=\"\(service)\"}"
                #expect((value("coxswain_service_resident_memory_bytes\(label)", in: text) ?? 0) > 1_000_000)
                #expect((value("coxswain_service_cpu_seconds_total\(label)", in: text) ?? 0) > 0)
                // Itself and its shim.
                #expect((value("coxswain_service_processes\(label)", in: text) ?? 0) >= 2)
                #expect((value("coxswain_service_start_duration_seconds\(label)", in: text) ?? 0) > 0)
            }
            #expect(value("coxswain_service_processes{service=\"warmup\"}", in: text) == 0)
            #expect((value("coxswain_service_cpu_seconds_total{service=\"warmup\"}", in: text) ?? 0) > 0)
            let toReady = value("coxswain_time_to_ready_seconds", in: text) ?? 0
            #expect(toReady > 0 && toReady < 60)
            #expect((value(#"coxswain_log_records_total{level="info"}"#, in: text) ?? 0) > 5)
            #expect(value("coxswain_log_dropped_lines_total", in: text) == 0)
            let own = value("coxswain_supervisor_resident_memory_bytes", in: text) ?? 0
            #expect(own > 1_000_000 && own < 64_000_000)
            // Of the document's name and the folder nothing is said.
            #expect(!text.contains(container.folder.path) && !text.contains(".pdf"))
        }

        @Test func aKilledEngineIsCountedOnce() throws {
            let container = try Container()
            try container.waitUntilReady()
            let before = try scrape(container)
            let killed = #"coxswain_service_failures_total{service="engine",cause="killed"}"#
            #expect(value(killed, in: before) == 0)
            kill(try #require(container.processes("coxswain-tesseract").first), SIGKILL)
            #expect(eventually { (try? container.get("/readyz"))?.status == 503 })
            try container.waitUntilReady()
            // What was measured is a second old at most.
            #expect(eventually { (try? scrape(container)).flatMap { value(killed, in: $0) } == 1 })
            let after = try scrape(container)
            #expect(value(#"coxswain_service_restarts_total{service="engine"}"#, in: after) == 1)
            // Of the recovery, not of the start.
            #expect(
                (value("coxswain_ready_timestamp_seconds", in: after) ?? 0)
                    > (value("coxswain_ready_timestamp_seconds", in: before) ?? .infinity))
            let time = "coxswain_service_cpu_seconds_total{service=\"engine\"}"
            #expect((value(time, in: after) ?? 0) >= (value(time, in: before) ?? .infinity))
        }

        @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
        func prometheusHasNothingToComplainOf() throws {
            let container = try Container()
            #expect(eventually { (try? scrape(container))?.contains("coxswain_build_info") == true })
            for target in ["/metrics", "/metrics?engine=false"] {
                let result = try Promtool.check(metrics: try scrape(container, target))
                #expect(result.status == 0, "\(result.text)")
                try container.waitUntilReady()
            }
            let socket = "\(container.folder.path)/output/.coxswain/control.sock"
            let control = try Shell.run("curl", ["-sS", "--unix-socket", socket, "http://coxswain/metrics"])
            #expect(try Promtool.check(metrics: control.output).status == 0, "\(control.output)\(control.errors)")
            #expect(ExposedMetrics(control.output).types == (try DocumentedMetrics([.container]).types))
        }
    }
}

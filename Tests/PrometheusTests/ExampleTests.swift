import Foundation
import Prometheus
import TestSupport
import Testing

/// What stands in `etc/prometheus` and `etc/grafana` asks for nothing that there is not.
@Suite struct ExampleTests {
    private static let rules = ["etc/prometheus/recording.yml", "etc/prometheus/alerts.yml"]

    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable { var expr: String }
            var title: String
            var type: String
            var targets: [Target]?
        }
        var panels: [Panel]
    }

    private func dashboard() throws -> Dashboard {
        try JSONDecoder().decode(
            Dashboard.self, from: Data(RepositoryFile.text("etc/grafana/coxswain.json").utf8))
    }

    /// Everything in a text that can only be a metric's name.
    private func names(in text: String) -> Set<String> {
        Set(text.matches(of: /[A-Za-z_:][A-Za-z0-9_:]*/).map { String($0.output) }.filter { $0.hasMetricPrefix })
    }

    private func known() throws -> Set<String> {
        let documented = try DocumentedMetrics()
        var known = Set(documented.types.keys)
        for (name, type) in documented.types where type == "histogram" {
            known.formUnion(["_bucket", "_sum", "_count"].map { name + $0 })
        }
        for line in try Recorded.vllm.split(separator: 10) {
            guard let name = String(decoding: line, as: UTF8.self).split(whereSeparator: { "{ ".contains($0) }).first
            else { continue }
            known.insert(String(name))
            // Their buckets were left out when they were written down.
            if name.hasSuffix("_count") { known.insert(name.dropLast(6) + "_bucket") }
        }
        for line in try RepositoryFile.text(Self.rules[0]).split(separator: "\n") {
            if let name = line.split(separator: "record: ").last, line.contains("record: ") {
                known.insert(String(name))
            }
        }
        return known
    }

    @Test func rulesAskForWhatThereIs() throws {
        let known = try known()
        for file in Self.rules + ["etc/prometheus/tests.yml"] {
            let unknown = names(in: try RepositoryFile.text(file)).subtracting(known)
            #expect(unknown.isEmpty, "\(file)")
        }
        #expect(names(in: try RepositoryFile.text(Self.rules[1])).count > 10)
    }

    @Test func theDashboardAsksForWhatThereIs() throws {
        let known = try known()
        let panels = try dashboard().panels.filter { $0.type != "row" }
        #expect(panels.count > 10)
        for panel in panels {
            let targets = panel.targets ?? []
            #expect(!targets.isEmpty, "\(panel.title)")
            for target in targets {
                let names = names(in: target.expr)
                #expect(!names.isEmpty && names.isSubset(of: known), "\(panel.title): \(names.subtracting(known))")
            }
        }
    }

    @Test func everyAlertSaysWhatToDo() throws {
        let text = try RepositoryFile.text("docs/how-to/alerts.md")
        let alerts = try RepositoryFile.text(Self.rules[1]).matches(of: /alert: (\w+)/).map { String($0.output.1) }
        #expect(alerts.count > 10)
        let headings = text.matches(of: /\n## (\w+)/).map { String($0.output.1) }
        #expect(headings == alerts)
        for alert in alerts {
            #expect(
                try RepositoryFile.text(Self.rules[1]).contains("docs/how-to/alerts.md#\(alert.lowercased())\""))
        }
    }

    @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
    func prometheusTakesTheRules() throws {
        for file in Self.rules {
            let result = try Promtool.run(["check", "rules", RepositoryFile.path(file)])
            #expect(result.status == 0, "\(result.text)")
        }
        let result = try Promtool.run(["test", "rules", RepositoryFile.path("etc/prometheus/tests.yml")])
        #expect(result.status == 0, "\(result.text)")
    }

    @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
    func prometheusUnderstandsTheDashboard() throws {
        let expressions = try dashboard().panels.flatMap { $0.targets ?? [] }.map(\.expr)
        // As rules, since those can be checked.
        let rules = expressions.enumerated().map { index, expression in
            "  - record: \"panel:number_\(index)\"\n    expr: |\n      \(expression.replacing("$instance", with: ".*"))\n"
        }
        let folder = try TestFolder()
        let file = try folder.write("rules.yml", "groups:\n- name: dashboard\n  rules:\n\(rules.joined())")
        let result = try Promtool.run(["check", "rules", file])
        #expect(result.status == 0, "\(result.text)")
    }
}

extension String {
    fileprivate var hasMetricPrefix: Bool {
        hasPrefix("coxswain_") || hasPrefix("vllm:") || hasPrefix("instance:coxswain") || hasPrefix("instance_outcome:")
    }
}

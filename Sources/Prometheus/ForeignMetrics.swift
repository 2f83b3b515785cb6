/// Another program's metrics, made fit to stand beside ours: lines that Prometheus could not read would cost it our own too.
package struct ForeignMetrics: Sendable {
    /// Each family's lines together, what describes it in front; each line ends with a line break.
    package private(set) var text: [UInt8] = []
    /// Lines that were left out since they cannot be read, say a thing twice, or are of a name that is ours or Prometheus'.
    package private(set) var rejectedLines = 0

    private struct Family {
        var kind: MetricFamily.Kind?
        var help: ArraySlice<UInt8>?
        var type: ArraySlice<UInt8>?
        var lines: [ArraySlice<UInt8>] = []
        /// A sample of this very name was seen.
        var isSeen = false
    }

    private struct Identity: Hashable {
        var name: String
        var labels: [MetricFamily.Label]
    }

    private var families: [String: Family] = [:]
    private var order: [String] = []
    private var seen: Set<Identity> = []

    /// - Parameters:
    ///   - body: what the program answered.
    ///   - prefix: how our own names begin.
    package init(_ body: [UInt8], leavingOut prefix: String) {
        for line in body.split(separator: UInt8(ascii: "\n")) {
            let isTaken =
                switch PrometheusText.line(line) {
                case .nothing: true
                case .malformed: false
                case .help(let name): !Self.isTaken(name, prefix) && describe(name, help: line)
                case .type(let name, let kind): !Self.isTaken(name, prefix) && describe(name, kind, type: line)
                case .sample(let sample): !Self.isTaken(sample.name, prefix) && add(sample, line)
                }
            if !isTaken { rejectedLines += 1 }
        }
        for name in order {
            guard let family = families[name], !family.lines.isEmpty else { continue }
            for line in [family.help, family.type].compactMap({ $0 }) + family.lines {
                text += line.last == UInt8(ascii: "\r") ? line.dropLast() : line
                text.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// What Prometheus itself writes down of every scrape, and of alerts.
    private static func isTaken(_ name: String, _ prefix: String) -> Bool {
        name.hasPrefix(prefix) || name == "up" || name.hasPrefix("scrape_") || name.hasPrefix("ALERTS")
    }

    private mutating func describe(_ name: String, help: ArraySlice<UInt8>) -> Bool {
        guard owner(of: name) == nil, families[name]?.help == nil else { return false }
        change(name) { $0.help = help }
        return true
    }

    private mutating func describe(_ name: String, _ kind: MetricFamily.Kind, type: ArraySlice<UInt8>) -> Bool {
        // After the first sample it is too late.
        guard owner(of: name) == nil, families[name]?.type == nil, families[name]?.isSeen != true else { return false }
        let parts = ["_bucket", "_sum", "_count"]
        // A family that would take over another's samples.
        if kind == .histogram || kind == .summary, parts.contains(where: { families[name + $0] != nil }) {
            return false
        }
        change(name) {
            $0.kind = kind
            $0.type = type
        }
        return true
    }

    private mutating func add(_ sample: PrometheusText.Sample, _ line: ArraySlice<UInt8>) -> Bool {
        let owner = owner(of: sample.name)
        switch owner.flatMap({ families[$0]?.kind }) ?? families[sample.name]?.kind {
        case .histogram:
            guard owner != nil else { return false }
            if sample.name.hasSuffix("_bucket"), !Self.hasNumber("le", sample) { return false }
        case .summary:
            if owner == nil, !Self.hasNumber("quantile", sample) { return false }
        default: break
        }
        guard seen.insert(Identity(name: sample.name, labels: sample.labels)).inserted else { return false }
        change(owner ?? sample.name) {
            $0.lines.append(line)
            if owner == nil { $0.isSeen = true }
        }
        return true
    }

    /// The histogram or summary that a name is a part of.
    private func owner(of name: String) -> String? {
        for (suffix, kinds) in Self.parts where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            if let kind = families[base]?.kind, kinds.contains(kind) { return base }
        }
        return nil
    }

    private static let parts: [(String, Set<MetricFamily.Kind>)] = [
        ("_bucket", [.histogram]), ("_sum", [.histogram, .summary]), ("_count", [.histogram, .summary]),
    ]

    private static func hasNumber(_ label: String, _ sample: PrometheusText.Sample) -> Bool {
        guard let value = sample.labels.first(where: { $0.name == label })?.value else { return false }
        return PrometheusText.number(Array(value.utf8)[...]) != nil
    }

    private mutating func change(_ name: String, _ body: (inout Family) -> Void) {
        if families[name] == nil { order.append(name) }
        body(&families[name, default: Family()])
    }
}

import Foundation

/// A probe as Kubernetes understands it; times in seconds.
struct KubernetesProbe: Equatable {
    /// Of an HTTP probe; nil for one that only connects.
    var path: String?
    var initialDelay = 0
    var period = 10
    var timeout = 1
    var failures = 3
}

/// What a `HEALTHCHECK` line says; times in seconds.
struct DockerCheck: Equatable {
    /// The question of `coxswain probe`.
    var question: String
    var interval = 30
    var timeout = 30
    var startPeriod = 0
    var retries = 3
}

/// All that a platform is told of its containers.
struct PlatformSettings: Equatable {
    /// `startupProbe`, `livenessProbe`, `readinessProbe`.
    var probes: [String: KubernetesProbe] = [:]
    var check: DockerCheck?
    /// Seconds for a start; nil: no limit.
    var progressDeadline: Int?
    /// Seconds between the request to stop and the kill; nil: not said.
    var grace: Int?
    /// The container's `before-ready` is `closed`.
    var closedBeforeReady = false

    /// Seconds that a start may take; nil: no limit.
    var patience: Int? {
        if let check { return check.startPeriod }
        guard let probe = probes["startupProbe"] else { return progressDeadline }
        return probe.initialDelay + probe.period * probe.failures
    }
}

/// Reads the settings out of pages and manifests, so that what is tested is what people copy and apply.
enum ProbeSettingsReader {
    struct Missing: Error { var what: String }

    /// Of a file; a line that ends in a backslash goes on in the next one.
    static func lines(_ text: String) -> [String] {
        text.replacing(#/ *\\\n */#, with: " ").split(separator: "\n").map(String.init)
    }

    /// The code block that follows `<!-- probes:NAME -->`.
    static func block(_ name: String, of text: String) throws -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let marker = lines.firstIndex(of: "<!-- probes:\(name) -->"),
            let open = lines[marker...].firstIndex(where: { $0.hasPrefix("```") }), open <= marker + 2,
            let close = lines[(open + 1)...].firstIndex(of: "```"), close > open + 1
        else { throw Missing(what: "the code block after <!-- probes:\(name) -->") }
        return Array(lines[(open + 1)..<close])
    }

    static func read(_ block: [String]) throws -> PlatformSettings {
        var settings = PlatformSettings()
        var current: (name: String, indent: Int)?
        for line in block {
            if line.hasPrefix("HEALTHCHECK ") {
                let check = try check(line)
                // A file with several images, of which each has its own.
                guard settings.check == nil || settings.check == check else {
                    throw Missing(what: "one health check for all images")
                }
                settings.check = check
            }
            let indent = line.prefix { $0 == " " }.count
            let pairs = pairs(in: line)
            if let (open, indentOfOpen) = current {
                if indent > indentOfOpen {
                    var probe = settings.probes[open] ?? KubernetesProbe()
                    apply(pairs, to: &probe)
                    settings.probes[open] = probe
                    continue
                }
                current = nil
            }
            if let name = pairs.first?.key, name.hasSuffix("Probe") {
                current = (name, indent)
                settings.probes[name] = KubernetesProbe()
            }
            for (key, value) in pairs {
                switch key {
                case "serving.knative.dev/progress-deadline": settings.progressDeadline = seconds(value)
                // A pod's, a Knative revision's, a KServe predictor's.
                case "terminationGracePeriodSeconds", "timeoutSeconds", "timeout": settings.grace = Int(value)
                case "stop_grace_period": settings.grace = seconds(value)
                default: break
                }
            }
            if line.contains("COXSWAIN_BEFORE_READY") { settings.closedBeforeReady = line.contains("closed") }
        }
        guard !settings.probes.isEmpty || settings.check != nil || settings.grace != nil else {
            throw Missing(what: "any probe")
        }
        return settings
    }

    private static func apply(_ pairs: [(key: String, value: String)], to probe: inout KubernetesProbe) {
        for (key, value) in pairs {
            switch key {
            case "path": probe.path = value
            case "initialDelaySeconds": probe.initialDelay = Int(value) ?? -1
            case "periodSeconds": probe.period = Int(value) ?? -1
            case "timeoutSeconds": probe.timeout = Int(value) ?? -1
            case "failureThreshold": probe.failures = Int(value) ?? -1
            default: break
            }
        }
    }

    /// `key: value`, on a line of its own or inside of `{ }`; comments cut off.
    private static func pairs(in line: String) -> [(key: String, value: String)] {
        let text = line.split(separator: " #", maxSplits: 1, omittingEmptySubsequences: false)[0]
        return text.matches(of: /([\w.\/-]+): *([^,{}\[\]\s]*)/).map {
            (String($0.1), $0.2.filter { $0 != "\"" })
        }
    }

    private static func check(_ line: String) throws -> DockerCheck {
        guard let question = line.firstMatch(of: /CMD \["(?:\/usr\/local\/bin\/)?coxswain", "probe", "(\w+)"\]/)?.1
        else {
            throw Missing(what: "CMD [\"coxswain\", \"probe\", …] in \(line)")
        }
        var check = DockerCheck(question: String(question))
        for match in line.matches(of: /--([\w-]+)=(\w+)/) {
            switch match.1 {
            case "interval": check.interval = seconds(String(match.2)) ?? -1
            case "timeout": check.timeout = seconds(String(match.2)) ?? -1
            case "start-period": check.startPeriod = seconds(String(match.2)) ?? -1
            case "retries": check.retries = Int(match.2) ?? -1
            default: throw Missing(what: "a meaning for --\(match.1)")
            }
        }
        return check
    }

    private static func seconds(_ text: String) -> Int? {
        text.hasSuffix("s") ? Int(text.dropLast()) : text.hasSuffix("m") ? Int(text.dropLast()).map { $0 * 60 } : nil
    }
}

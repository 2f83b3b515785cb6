/// The container's state for Prometheus, in its text format 0.0.4.
extension ContainerState {
    /// Every metric is there from the first moment on, so that a rule on it is never silent for want of data.
    var metrics: String {
        var text = ""
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Double)]) {
            text += "# HELP coxswain_\(name) \(help)\n# TYPE coxswain_\(name) \(type)\n"
            for sample in samples { text += "coxswain_\(name)\(sample.labels) \(Self.number(sample.value))\n" }
        }
        metric("build_info", "gauge", "Version of coxswain.", [("{version=\(Self.quoted(facts.version))}", 1)])
        metric("start_time_seconds", "gauge", "Start of the container, seconds since 1970.", [("", startedAt)])
        metric("ready", "gauge", "1 when work sent now will be done.", [("", ready ? 1 : 0)])
        metric(
            "held", "gauge", "1 when a service is given up and the container stays for inspection.",
            [("", held ? 1 : 0)])
        metric(
            "phase", "gauge", "1 for the phase the container is in.",
            Phase.allCases.map { ("{phase=\"\($0.rawValue)\"}", $0 == phase ? 1 : 0) })
        metric(
            "service_ready", "gauge", "1 when the service is ready, or the task done.",
            services.map { (Self.label($0), ["ready", "done"].contains($0.state) ? 1 : 0) })
        metric(
            "service_restarts_total", "counter", "Starts of the service after the first one.",
            services.map { (Self.label($0), Double($0.restarts)) })
        return text
    }

    private static func label(_ service: ServiceState) -> String { "{service=\(quoted(service.name))}" }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

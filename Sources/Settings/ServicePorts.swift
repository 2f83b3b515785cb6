import Lifecycle

/// Finds services that would take each other's port.
enum ServicePorts {
    /// - Parameter listen: the public port, which is ours.
    /// - Returns: what is wrong, and the key that says so.
    static func conflicts(
        _ services: [ServiceDefinition], listen: UInt16
    ) -> [(path: String, message: String)] {
        var problems: [(path: String, message: String)] = []
        var owners: [UInt16: ServiceDefinition] = [:]
        for service in services {
            for port in ports(of: service).sorted() {
                if port == listen {
                    problems.append(
                        (
                            "service.\(service.name)",
                            "service `\(service.name)` uses port \(port), which is the public one: give one of them another (`listen`, PORT)"
                        ))
                } else if let owner = owners[port] {
                    // The engine exists by default: more likely the file names the other one.
                    let other = service.role == .engine ? owner : service
                    problems.append(
                        (
                            "service.\(other.name)",
                            "services `\(owner.name)` and `\(service.name)` both use port \(port): give one of them another"
                                + ([owner, service].contains { $0.role == .engine }
                                    ? " (VLLM_PORT is the engine's)" : "")
                        ))
                } else {
                    owners[port] = service
                }
            }
        }
        return problems
    }

    /// As far as its definition tells: of the URL that says when it is ready, and of `--port`.
    private static func ports(of service: ServiceDefinition) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        if case .http(let text, _) = service.ready.check, let url = HTTPURL(text), url.isLocal {
            ports.insert(url.port)
        }
        for (index, argument) in service.command.enumerated() {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.first == "--port" else { continue }
            let value = parts.count > 1 ? String(parts[1]) : service.command.dropFirst(index + 1).first ?? ""
            if let port = UInt16(value), port > 0 { ports.insert(port) }
        }
        return ports
    }
}

import Lifecycle

/// Finds services that would take each other's port.
enum ServicePorts {
    /// - Parameter listen: the public port, which is ours.
    /// - Returns: what is wrong, and the key that says so.
    static func conflicts(
        _ services: [ServiceDefinition], listen: UInt16
    ) -> [(path: String, message: String)] {
        var problems: [(path: String, message: String)] = []
        var owners: [UInt16: (service: ServiceDefinition, path: String)] = [:]
        for service in services {
            for (port, path) in ports(of: service).sorted(by: { $0.key < $1.key }) {
                if port == listen {
                    problems.append(
                        (
                            path,
                            "service `\(service.name)` uses port \(port), which is the public one: give one of them another (`listen`, PORT)"
                        ))
                } else if let (owner, ownersPath) = owners[port] {
                    problems.append(
                        (
                            // The engine exists by default: more likely the file names the other one.
                            service.role == .engine ? ownersPath : path,
                            "services `\(owner.name)` and `\(service.name)` both use port \(port): give one of them another"
                                + ([owner, service].contains { $0.role == .engine }
                                    ? " (VLLM_PORT is the engine's)" : "")
                        ))
                } else {
                    owners[port] = (service, path)
                }
            }
        }
        return problems
    }

    /// As far as its definition tells: of the URL that says when it is ready, and of `--port`.
    ///
    /// - Returns: for each port the key that names it.
    private static func ports(of service: ServiceDefinition) -> [UInt16: String] {
        let path = "service.\(service.name)"
        var ports: [UInt16: String] = [:]
        for (index, argument) in service.command.enumerated() {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.first == "--port" else { continue }
            let value = parts.count > 1 ? String(parts[1]) : service.command.dropFirst(index + 1).first ?? ""
            if let port = UInt16(value), port > 0 { ports[port] = "\(path).command[\(index)]" }
        }
        if case .http(let text, _) = service.ready.check, let url = HTTPURL(text), url.isLocal, ports[url.port] == nil {
            ports[url.port] = "\(path).ready.http"
        }
        return ports
    }
}

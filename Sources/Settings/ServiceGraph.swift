import Lifecycle
import Readable

/// Puts services into an order in which each comes after what it needs.
enum ServiceGraph {
    typealias Problem = (path: String, message: String)

    /// - Parameter switchedOff: services that the settings leave out.
    /// - Returns: the services in order, and what is wrong: unknown needs, proofs that prove nothing, cycles.
    static func sort(
        _ services: [ServiceDefinition], switchedOff: [String] = []
    ) -> (sorted: [ServiceDefinition], problems: [Problem]) {
        var problems: [Problem] = []
        let names = Set(services.map(\.name))
        func missing(_ name: String) -> String {
            if switchedOff.contains(name) { return "which is switched off (`service.\(name).enabled`)" }
            return "which does not exist; " + NearestWord.hint(name, among: names.sorted(), otherwise: "there are ")
        }
        for service in services {
            let path = "service.\(service.name)"
            for (index, need) in service.needs.enumerated() {
                if need == service.name {
                    problems.append(("\(path).needs[\(index)]", "service `\(service.name)` needs itself"))
                } else if !names.contains(need) {
                    problems.append(
                        ("\(path).needs[\(index)]", "service `\(service.name)` needs `\(need)`, \(missing(need))"))
                }
            }
            guard let proved = service.proves else { continue }
            if !names.contains(proved) {
                problems.append(("\(path).proves", "service `\(service.name)` proves `\(proved)`, \(missing(proved))"))
            } else if let problem = proofProblem(service, proved) {
                problems.append(("\(path).proves", problem))
            }
        }
        var sorted: [ServiceDefinition] = []
        var placed: Set<String> = []
        var rest = services
        while !rest.isEmpty {
            // Needs that do not exist were complained of above and do not hold anything up.
            let index = rest.firstIndex { service in
                service.needs.allSatisfy { placed.contains($0) || !names.contains($0) || $0 == service.name }
            }
            guard let index else {
                let circle = circle(in: rest)
                let index = rest.first { $0.name == circle[0] }?.needs.firstIndex(of: circle[1]) ?? 0
                problems.append(
                    (
                        "service.\(circle[0]).needs[\(index)]",
                        "these services need each other in a circle: \(circle.joined(separator: " → "))"
                    ))
                break
            }
            let service = rest.remove(at: index)
            placed.insert(service.name)
            sorted.append(service)
        }
        return (sorted, problems)
    }

    /// Names along one circle; the last is the first. Each of the services needs one of the others.
    private static func circle(in services: [ServiceDefinition]) -> [String] {
        let needs = Dictionary(
            services.map { service in
                (
                    service.name,
                    service.needs.first { need in need != service.name && services.contains { $0.name == need } }
                )
            }, uniquingKeysWith: { first, _ in first })
        var path: [String] = []
        var next = services.map(\.name).min()
        while let name = next {
            if let begin = path.firstIndex(of: name) { return path[begin...] + [name] }
            path.append(name)
            next = needs[name] ?? nil
        }
        return path + path.prefix(1)
    }

    private static func proofProblem(_ service: ServiceDefinition, _ proved: String) -> String? {
        guard service.isTask else {
            return "service `\(service.name)` proves `\(proved)`, which only a task can: ready = { exit = true }"
        }
        // It runs again whenever what it needs was replaced, and so does the proof.
        guard service.needs.contains(proved) else {
            return "service `\(service.name)` proves `\(proved)` and has to need it too: needs = [\"\(proved)\"]"
        }
        return nil
    }
}

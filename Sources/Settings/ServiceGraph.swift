import Lifecycle

/// Puts services into an order in which each comes after what it needs.
enum ServiceGraph {
    /// - Returns: the services in order, and what is wrong: unknown needs, proofs that prove nothing, cycles.
    static func sort(_ services: [ServiceDefinition]) -> (
        sorted: [ServiceDefinition], problems: [(path: String, message: String)]
    ) {
        var problems: [(path: String, message: String)] = []
        let names = Set(services.map(\.name))
        for service in services {
            for need in service.needs where !names.contains(need) {
                let near = NearestWord.find(need, among: names).map { "; did you mean `\($0)`?" } ?? ""
                problems.append(
                    (
                        "service.\(service.name).needs",
                        "service `\(service.name)` needs `\(need)`, which does not exist\(near)"
                    ))
            }
            if let problem = proofProblem(service, names) {
                problems.append(("service.\(service.name).proves", problem))
            }
        }
        var sorted: [ServiceDefinition] = []
        var placed: Set<String> = []
        var rest = services
        while !rest.isEmpty {
            // Needs that do not exist were complained of above and do not hold anything up.
            guard
                let index = rest.firstIndex(where: {
                    $0.needs.allSatisfy { placed.contains($0) || !names.contains($0) }
                })
            else {
                let circle = rest.map(\.name).sorted().joined(separator: ", ")
                problems.append(
                    ("service.\(rest[0].name).needs", "these services need each other in a circle: \(circle)"))
                break
            }
            let service = rest.remove(at: index)
            placed.insert(service.name)
            sorted.append(service)
        }
        return (sorted, problems)
    }

    private static func proofProblem(_ service: ServiceDefinition, _ names: Set<String>) -> String? {
        guard let proved = service.proves else { return nil }
        guard names.contains(proved) else {
            let near = NearestWord.find(proved, among: names).map { "; did you mean `\($0)`?" } ?? ""
            return "service `\(service.name)` proves `\(proved)`, which does not exist\(near)"
        }
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

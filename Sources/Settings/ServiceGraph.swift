import Lifecycle

/// Puts services into an order in which each comes after what it needs.
enum ServiceGraph {
    /// - Returns: the services in order, and what is wrong: unknown needs, cycles.
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
}

/// Which services need which, and in which order they end.
extension ContainerMachine {
    /// Finds what each service needs; after each change of the definitions.
    mutating func findNeeds() {
        needs = services.indices.map { index in
            let definition = wanted(index)
            // What is to be proved is needed, whether or not somebody says so.
            let names = definition.needs + [definition.proves].compactMap { $0 }
            return names.compactMap { name in first { $0.definition.name == name } }.filter { $0 != index }
        }
        var order = needs
        // Whoever takes work finishes what it took, and for that the engines have to be there, needed for a start or not.
        for user in services.indices where takesWork(user) {
            for engine in services.indices where wanted(engine).role == .engine && engine != user {
                if !reached(from: engine, in: order).contains(user) { order[user].append(engine) }
            }
        }
        endsBefore = services.indices.map { reached(from: $0, in: order) }
    }

    /// What it is to be; whoever runs and is something else is about to end.
    private func wanted(_ index: Int) -> ServiceDefinition { services[index].pending ?? services[index].definition }

    private func takesWork(_ index: Int) -> Bool {
        let definition = wanted(index)
        return definition.role == .api || !definition.sockets.isEmpty && definition.role != .engine
    }

    private func reached(from index: Int, in edges: [[Int]]) -> Set<Int> {
        var found: Set<Int> = []
        var open = edges[index]
        while let next = open.popLast() {
            if found.insert(next).inserted { open += edges[next] }
        }
        return found
    }
}

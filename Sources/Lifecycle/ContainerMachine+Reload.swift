/// New settings while the container runs: only what changed is touched.
extension ContainerMachine {
    mutating func reload(_ definitions: [ServiceDefinition], at now: Instant) -> [Action] {
        var actions: [Action] = []
        var added: [String] = []
        var changed: [String] = []
        var removed: [String] = []
        for definition in definitions {
            if let index = services.firstIndex(where: { $0.definition.name == definition.name }) {
                if services[index].isRetired {
                    added.append(definition.name)
                } else if services[index].pending ?? services[index].definition == definition {
                    // Whoever was given up has another try: what failed may have been mended without its settings.
                    if services[index].hasFailed { services[index].start(at: now) }
                    continue
                } else {
                    changed.append(definition.name)
                }
                actions += services[index].redefine(definition, at: now)
            } else {
                var service = ServiceMachine(definition, fault: fault, at: now)
                // Whoever waits for one engine may wait for this one as well, as any word of a sender is about all.
                let engine = services.first { $0.definition.role == .engine }
                if definition.role == .engine, let engine { service.requests = engine.requests }
                services.append(service)
                added.append(definition.name)
            }
        }
        for index in services.indices where !services[index].isRetired {
            let name = services[index].definition.name
            guard !definitions.contains(where: { $0.name == name }) else { continue }
            actions += services[index].stayStopped(because: "the settings no longer name it", at: now)
            services[index].isRetired = true
            removed.append(name)
        }
        findNeeds()
        return [.report(.reloaded(added: added, changed: changed, removed: removed))] + actions
    }
}

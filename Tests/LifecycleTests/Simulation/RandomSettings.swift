import Lifecycle

/// The settings of a simulated container, and how somebody changes them.
///
/// A service may need only those that were made before it, so that no change closes a circle. The settings name services
/// in any order.
struct RandomSettings {
    private(set) var services: [ServiceDefinition] = []
    /// Taken out, and perhaps put back later.
    private var removed: [ServiceDefinition] = []
    private var made = 0

    init(_ random: inout SeededRandom) {
        for _ in 0..<random.number(2...6) { add(&random) }
        if !random.chance(20), var last = services.last(where: { !$0.isTask }) {
            last.sockets = ["http"]
            put(last)
        }
        random.shuffle(&services)
    }

    // MARK: Changes

    /// Changes one thing or several; what changed is in ``services``.
    mutating func change(_ random: inout SeededRandom) {
        for _ in 0..<random.number(1...3) {
            switch random.number(0...9) {
            case 0, 1: add(&random)
            case 2, 3: remove(&random)
            case 4, 5: putBack(&random)
            case 6: moveSockets(&random)
            default: alter(&random)
            }
        }
        random.shuffle(&services)
    }

    private mutating func add(_ random: inout SeededRandom) {
        guard services.count < 7 else { return }
        services.append(makeService(&random))
    }

    private mutating func remove(_ random: inout SeededRandom) {
        guard services.count > 1 else { return }
        let gone = services.remove(at: random.number(0...services.count - 1))
        removed.append(gone)
        for index in services.indices {
            services[index].needs.removeAll { $0 == gone.name }
            if services[index].proves == gone.name { services[index].proves = nil }
        }
    }

    private mutating func putBack(_ random: inout SeededRandom) {
        guard !removed.isEmpty else { return }
        var back = removed.remove(at: random.number(0...removed.count - 1))
        back.needs = someNeeds(before: Self.rank(back), &random)
        back.proves = back.isTask ? someSubject(before: Self.rank(back), &random) : nil
        if random.chance(50) { back.command = ["\(back.name)", "\(random.number(1...1000))"] }
        if services.contains(where: { !$0.sockets.isEmpty }) { back.sockets = [] }
        services.append(back)
    }

    private mutating func alter(_ random: inout SeededRandom) {
        let index = random.number(0...services.count - 1)
        switch random.number(0...10) {
        case 0: services[index].command = [services[index].name, "\(random.number(1...1000))"]
        case 1: services[index].environment["LEVEL"] = "\(random.number(1...1000))"
        case 2: services[index].needs = someNeeds(before: Self.rank(services[index]), &random)
        case 3: services[index].watch = services[index].isTask || random.chance(60) ? nil : Self.watch(&random)
        case 4: services[index].restart = Self.restart(&random)
        case 5: services[index].stop.grace = random.time(200...6000)
        case 6: services[index].usesGPU.toggle()
        case 7 where !services[index].isTask: services[index].watchdog = Self.watchdog(&random)
        case 8: services[index].ready.stall = Self.stall(&random)
        case 9 where services[index].isTask:
            services[index].proves = someSubject(before: Self.rank(services[index]), &random)
        default: services[index].ready = Self.readiness(isTask: random.chance(30), &random)
        }
        if services[index].isTask {
            services[index].watch = nil
            services[index].sockets = []
        } else {
            services[index].proves = nil
        }
    }

    mutating func dropWatch(of name: String) {
        guard let index = services.firstIndex(where: { $0.name == name }) else { return }
        services[index].watch = nil
    }

    private mutating func moveSockets(_ random: inout SeededRandom) {
        for index in services.indices { services[index].sockets = [] }
        guard let index = services.indices.filter({ !services[$0].isTask }).randomElement(using: &random) else {
            return
        }
        services[index].sockets = ["http"]
    }

    private mutating func put(_ definition: ServiceDefinition) {
        guard let index = services.firstIndex(where: { $0.name == definition.name }) else { return }
        services[index] = definition
    }

    // MARK: One service

    private mutating func makeService(_ random: inout SeededRandom) -> ServiceDefinition {
        made += 1
        // Without an engine there is little to send, and little to prove.
        let role = made == 1 && random.chance(60) ? .engine : random.one(of: ServiceDefinition.Role.allCases)
        let isTask = role == .preload || role == .warmup ? random.chance(80) : random.chance(5)
        let name = "\(role.rawValue)-\(made)"
        return ServiceDefinition(
            name: name, role: role, command: [name], needs: someNeeds(before: made, &random),
            ready: Self.readiness(isTask: isTask, &random), watch: isTask ? nil : Self.watch(&random),
            watchdog: Self.watchdog(&random), restart: Self.restart(&random),
            stop: StopPolicy(signal: random.one(of: [15, 15, 2]), grace: random.time(200...8000)),
            usesGPU: random.chance(25), proves: isTask ? someSubject(before: made, &random) : nil)
    }

    /// What a task may prove.
    private func someSubject(before rank: Int, _ random: inout SeededRandom) -> String? {
        let subjects = services.filter { Self.rank($0) < rank && !$0.isTask }
        guard !subjects.isEmpty, random.chance(60) else { return nil }
        return random.one(of: subjects).name
    }

    private func someNeeds(before rank: Int, _ random: inout SeededRandom) -> [String] {
        services.filter { Self.rank($0) < rank && random.chance(45) }.map(\.name)
    }

    private static func rank(_ definition: ServiceDefinition) -> Int {
        definition.name.split(separator: "-").last.flatMap { Int($0) } ?? 0
    }

    private static func readiness(isTask: Bool, _ random: inout SeededRandom) -> Readiness {
        let checks: [Readiness.Check] = [
            .spawned, .notify, .notify, .http(url: "http://127.0.0.1/health", every: .seconds(1)),
        ]
        return Readiness(
            check: isTask ? .exit : random.one(of: checks), within: random.time(1000...20_000), stall: stall(&random))
    }

    private static func stall(_ random: inout SeededRandom) -> Duration? {
        random.chance(35) ? random.time(300...8000) : nil
    }

    private static func watch(_ random: inout SeededRandom) -> Watch? {
        guard random.chance(55) else { return nil }
        return Watch(
            url: "http://127.0.0.1/health", every: random.time(500...6000), timeout: .seconds(1),
            failures: random.number(1...3), silence: random.chance(60) ? random.time(1000...20_000) : nil,
            canary: random.chance(50) ? canary(&random) : nil)
    }

    private static func canary(_ random: inout SeededRandom) -> Watch.Canary {
        Watch.Canary(
            url: "http://127.0.0.1/v1/completions", body: "{}", after: random.time(500...20_000),
            timeout: random.time(300...5000))
    }

    private static func watchdog(_ random: inout SeededRandom) -> Duration? {
        random.chance(25) ? random.time(2000...10_000) : nil
    }

    private static func restart(_ random: inout SeededRandom) -> RestartPolicy {
        var policy = RestartPolicy(
            first: random.chance(70) ? .zero : random.time(0...2000), base: random.time(100...2000),
            maximum: random.time(500...8000), limit: random.number(0...4), window: random.time(3000...60_000),
            failedStarts: random.number(0...4), stableAfter: random.time(500...20_000))
        if random.chance(30) { policy.hopelessExits = [69, 78] }
        policy.whenSpent = random.chance(65) ? .hold : .exit
        return policy
    }
}

import CLinux
import Glibc

/// Control groups for services, where the container lets us make any: they end a whole tree at a stroke, and they tell
/// an out-of-memory kill from all other SIGKILLs.
///
/// Below our own group lies a folder of this life, `coxswain-<16 hex digits>`, locked by flock(2) for as long as we
/// live, and in it one group for each running service. So two supervisors that share a group do not meet, and what a
/// dead one left can be told from what a living one uses. In most containers cgroupfs is mounted read-only and there
/// are none.
package final class ControlGroups {
    /// What cannot be had all the same, in words; nil when nothing is lost.
    package let shortcoming: String?
    private let places: [Place]
    /// Empty ones, by the names of their services.
    private var spare: [String: ControlGroup] = [:]
    private let locks: [OpenFolder]

    package enum Search {
        case available(ControlGroups)
        /// Why not, and what is lost.
        case unavailable(String)
    }

    /// This life's folder in one hierarchy.
    private struct Place {
        var kind: ControlGroup.Branch.Kind
        var own: String
        var folder: String
        var path: String
        /// We moved out of our own group into a leaf.
        var moved = false
    }

    /// Looks for hierarchies that groups can be made in, and removes what former lives left in them. Blocks for at most
    /// some seconds, if processes of a former life do not end.
    package static func find() -> Search {
        let hierarchies = ControlGroupHierarchy.ofThisProcess().filter(\.holdsThisProcess).map { LifeFolder.own($0) }
        var places: [Place] = []
        var locks: [OpenFolder] = []
        var refusals: [String] = []

        func add(_ hierarchy: ControlGroupHierarchy, _ kind: ControlGroup.Branch.Kind) {
            switch LifeFolder.make(in: hierarchy) {
            case .success(let life):
                let path = LifeFolder.joined(hierarchy.path, life.name)
                places.append(Place(kind: kind, own: hierarchy.folder, folder: life.path, path: path))
                locks.append(life.lock)
            case .failure(let problem):
                refusals.append(problem.text)
            }
        }

        if let two = hierarchies.first(where: { $0.version == .two }) { add(two, .two(countsMemory: false)) }
        let hasTwo = !places.isEmpty
        var whyNotCounted = "no memory controller can be had here"
        if hasTwo {
            switch MemoryController.enable(own: places[0].own, life: places[0].folder) {
            case .success(let moved):
                places[0].kind = .two(countsMemory: true)
                places[0].moved = moved
            case .failure(let problem):
                whyNotCounted = problem.text
            }
        }
        if let memory = hierarchies.first(where: { $0.controllers.contains("memory") }) {
            if SmallFile.read("\(memory.folder)/memory.use_hierarchy")?.hasPrefix("0") == true {
                // Before Linux 5.11: a group below would be outside of the container's own limit.
                whyNotCounted = "memory.use_hierarchy is 0 in \(memory.folder), so groups below it would have no limit"
            } else {
                add(memory, .memory)
            }
        }
        if !hasTwo, !places.isEmpty, let freezer = hierarchies.first(where: { $0.controllers.contains("freezer") }) {
            add(freezer, .freezer)
        }

        guard !places.isEmpty else {
            let why = refusals.first ?? "no cgroup hierarchy is mounted here"
            return .unavailable(
                "no control groups: \(why); trees of services are ended by their shims alone, and an out-of-memory kill of a "
                    + "service is told from the container's counters only, where those can be read")
        }
        let counts = places.contains {
            switch $0.kind {
            case .two(let counts): counts
            case .memory: true
            case .freezer: false
            }
        }
        return .available(
            ControlGroups(
                places: places, locks: locks,
                shortcoming: counts
                    ? nil
                    : "control groups end services, but out-of-memory kills are not counted for each: "
                        + (refusals.first ?? whyNotCounted)))
    }

    private init(places: [Place], locks: [OpenFolder], shortcoming: String?) {
        self.places = places
        self.locks = locks
        self.shortcoming = shortcoming
    }

    /// An empty group for the next instance of a service: a new one whose counters begin at 0, or where they do not matter
    /// that of the former instance.
    ///
    /// - Parameter countsMemory: whether out-of-memory kills are counted, also where that takes a group of version 1. A
    ///   process is born into one of version 2 at no cost; to move into one of version 1 takes it some 10 ms.
    /// - Throws: EBUSY while somebody is in the former one, else what the kernel refuses.
    package func make(_ service: String, countsMemory: Bool = true) throws(SystemError) -> ControlGroup {
        if !countsMemory, let group = spare.removeValue(forKey: service), group.isThere, group.isEmpty { return group }
        let name = "coxswain-" + Self.fileName(service)
        let hasTwo = self.places.contains { if case .two = $0.kind { true } else { false } }
        let places = self.places.filter { place in
            if case .two = place.kind { return true }
            return countsMemory || !hasTwo
        }
        let group = ControlGroup(
            service: service,
            branches: places.map {
                ControlGroup.Branch(
                    kind: $0.kind, folder: "\($0.folder)/\(name)", path: LifeFolder.joined($0.path, name))
            })
        try group.remove()
        for (place, file) in zip(places, group.joinFiles) {
            let folder = String(file.dropLast("/cgroup.procs".count))
            guard mkdir(folder, 0o755) == 0 else {
                let error = SystemError("make the control group \(name) in \(place.folder)")
                try? group.remove()
                throw error
            }
        }
        return group
    }

    /// Takes back the group of an instance of which nothing is left.
    ///
    /// It is kept for the next one where its counters do not matter: to remove one and to make another takes time in which
    /// nothing runs. Not one that was killed: the kernel (Linux 6.18) kills also what is born into it later.
    package func giveBack(_ group: ControlGroup, countsMemory: Bool) throws(SystemError) {
        if countsMemory || group.wasKilled { return try group.remove() }
        spare[group.service] = group
    }

    /// Kills and removes what is left of all groups and goes back where we came from: for a clean end. What cannot be
    /// removed goes with the container, or with the next life's ``find()``.
    package func close() {
        for place in places {
            LifeFolder.clear(
                place.folder, path: place.path, kind: place.kind, sparing: place.moved ? MemoryController.leaf : nil)
            if place.moved { MemoryController.disable(own: place.own, life: place.folder) }
            rmdir(place.folder)
        }
    }

    /// A service's name as a file name that no file of cgroupfs has.
    package static func fileName(_ service: String) -> String {
        String(
            service.unicodeScalars.prefix(100).map { scalar in
                let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                return isPlain || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
            })
    }
}

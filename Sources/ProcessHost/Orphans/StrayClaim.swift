/// Which strays belong to an instance whose shim was killed, so that nothing of it lives on beside the next one, and
/// nobody else (an orphan of `docker exec`, another service) goes with it. Pure.
///
/// What proves that a process is of the instance: its mark, its session or process group, its control group, its parent.
/// What proves that it is not: it is older, it bears the mark of another instance, or it hangs below such a one. A process
/// that cleared its environment and left its session proves neither; since two instances must never live, it ends too, but
/// is told apart.
package struct StrayClaim: Sendable, Equatable {
    /// What the processes of one start are known by.
    package struct Instance: Sendable, Equatable {
        /// Value of ``Launch/instanceVariable``.
        package var mark: String
        package var shim: ProcessID
        /// The main process, once it runs.
        package var main: ProcessID?
        /// When it was started, in ticks of ``ProcessTree/tick(at:)``.
        package var startTick: UInt64
        /// The files `cgroup.procs` that it has joined.
        package var controlGroups: [String]

        package init(
            mark: String, shim: ProcessID, main: ProcessID? = nil, startTick: UInt64, controlGroups: [String] = []
        ) {
            self.mark = mark
            self.shim = shim
            self.main = main
            self.startTick = startTick
            self.controlGroups = controlGroups
        }
    }

    /// The instance's, to be killed.
    package var claimed: [ProcessID] = []
    /// To be killed too, and to be reported: nobody knows whose they are.
    package var unclaimed: [ProcessID] = []

    /// Nothing is left that might be of the instance.
    package var isEmpty: Bool { claimed.isEmpty && unclaimed.isEmpty }

    private enum Fate { case claimed, unclaimed, foreign }

    /// - Parameters:
    ///   - members: processes in the instance's control groups.
    ///   - others: marks of all other instances, running ones and those that wait for their own claim.
    package init(_ strays: [Stray], of instance: Instance, members: Set<ProcessID> = [], others: Set<String> = []) {
        let byPID = Dictionary(strays.map { ($0.process.pid, $0) }, uniquingKeysWith: { first, _ in first })
        var fates: [ProcessID: Fate] = [:]

        for stray in strays {
            // Up to one whose fate its own properties decide, then the same for all on the way.
            var way: [ProcessID] = []
            var next: Stray? = stray
            var fate = Fate.unclaimed
            while let current = next, way.count <= strays.count {
                if let known = fates[current.process.pid] ?? Self.fate(of: current, instance, members, others) {
                    fate = known
                    way.append(current.process.pid)
                    break
                }
                way.append(current.process.pid)
                next = byPID[current.process.parent]
            }
            for pid in way { fates[pid] = fate }
        }
        for stray in strays {
            switch fates[stray.process.pid] {
            case .claimed: claimed.append(stray.process.pid)
            case .unclaimed: unclaimed.append(stray.process.pid)
            case .foreign, nil: break
            }
        }
    }

    /// What it says of itself; nil where that is nothing.
    private static func fate(
        of stray: Stray, _ instance: Instance, _ members: Set<ProcessID>, _ others: Set<String>
    ) -> Fate? {
        let process = stray.process
        if process.startTick < instance.startTick { return .foreign }
        if stray.mark == instance.mark { return .claimed }
        if let mark = stray.mark, others.contains(mark) { return .foreign }
        // The shim's own too: a child that has not come to its own session yet.
        let own = Set([instance.shim, instance.main].compactMap { $0 })
        if own.contains(process.session) || own.contains(process.group) || members.contains(process.pid) {
            return .claimed
        }
        return nil
    }
}

extension StrayClaim {
    /// The claim on what is there now.
    ///
    /// - Parameters:
    ///   - known: our children that are no strays.
    ///   - others: marks of all other instances.
    package static func read(of instance: Instance, known: Set<ProcessID>, others: Set<String>) -> StrayClaim {
        StrayClaim(
            Stray.all(known: known), of: instance,
            members: Set(instance.controlGroups.flatMap(ControlGroup.members(listedIn:))),
            others: others)
    }
}

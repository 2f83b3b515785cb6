import Glibc

/// The right to put a model's folder together, while others wait. Renews itself from a thread of its own.
package final class ModelLease: Sendable {
    package enum Acquired: Sendable {
        case mine(ModelLease)
        /// With what its holder says of its progress, where that can be read.
        case theirs(LeaseNote?)
    }

    private let renewal: LeaseRenewal

    init(_ file: LeaseFile, _ machine: LeaseMachine) { renewal = LeaseRenewal(file, machine) }

    deinit { release() }

    /// Whether it may be written now. False, too, while the lease cannot be read for some seconds: then it may come back.
    package var isHeld: Bool { renewal.believes }

    /// Somebody else has taken it over, or it was released: for good.
    package var isLost: Bool { renewal.isLost }

    /// What those who wait are shown with the next renewal. Does not wait for it.
    package func renew(_ note: LeaseNote) { renewal.note(note) }

    /// Lets the next one have it, at once.
    package func release() { renewal.stop() }
}

/// One who wants a model's lease. Remembers what it saw: that somebody is gone shows in nothing happening for a while.
package final class LeaseCandidate {
    private let root: String
    private let path: String
    private let terms: LeaseTerms
    private var file: LeaseFile
    private var machine: LeaseMachine

    package init(for folder: ModelFolder, terms: LeaseTerms = LeaseTerms()) {
        root = folder.root
        path = folder.lease
        self.terms = terms
        file = LeaseFile(path: path, owner: Hexadecimal.random())
        machine = LeaseMachine(terms)
    }

    /// Looks once, and does what follows from it. To be called every second or so until the lease is had or the folder is
    /// whole. A holder that died on this machine is succeeded at once, another one after some thirty seconds.
    ///
    /// - Throws: where nothing can be written: see ``FileFailure/isReadOnly``, ``FileFailure/isDiskFull``.
    package func attempt() throws(FileFailure) -> ModelLease.Acquired {
        try FolderTree.make(root)
        let begin = MonotonicClock.now
        let (sighting, record) = file.look()
        switch sighting {
        case .other, .released:
            if let acquired = try inherit(from: record, since: begin) { return acquired }
        default: break
        }
        switch machine.looked(sighting, at: begin) {
        case .wait, .stop: break
        case .create:
            let isOurs = try file.create()
            machine.created(isOurs, at: begin)
            if isOurs { return .mine(handOver()) }
        case .replace:
            if try file.replace() { machine.replaced(at: MonotonicClock.now) } else { machine.notReplaced(at: begin) }
        case .renew:
            return .mine(handOver())
        }
        return .theirs(record.flatMap { $0.isReleased || $0.owner == file.owner ? nil : $0.note })
    }

    private func inherit(from record: LeaseRecord?, since begin: Duration) throws(FileFailure) -> ModelLease.Acquired? {
        guard let lock = file.proveGone(record) else { return nil }
        defer { close(lock) }
        guard try file.replace() else { return nil }
        machine.inherited(since: begin, at: MonotonicClock.now)
        clearAway()
        return machine.believes(at: MonotonicClock.now) ? .mine(handOver()) : .theirs(nil)
    }

    /// This one starts anew, as somebody else.
    private func handOver() -> ModelLease {
        let (file, machine) = (self.file, self.machine)
        self.file = LeaseFile(path: path, owner: Hexadecimal.random())
        self.machine = LeaseMachine(terms)
        return ModelLease(file, machine)
    }

    /// Files of those who were killed before they could put theirs in place. Whoever is alive makes another.
    private func clearAway() {
        guard let slash = path.lastIndex(of: "/") else { return }
        let prefix = path[path.index(after: slash)...] + "."
        for name in (try? FolderListing.names(in: root)) ?? []
        where name.hasPrefix(prefix) && Hexadecimal.isRandom(name.dropFirst(prefix.count)) {
            unlink("\(root)/\(name)")
        }
    }
}

/// The system's clock that never goes back and goes on while the machine sleeps.
enum MonotonicClock {
    static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}

import Glibc

/// Sockets that were opened by whoever started us and handed over at birth, per sd_listen_fds(3).
package enum SocketActivation {
    /// The first descriptor that the protocol hands over; the others follow without a gap.
    package static let firstDescriptor: Int32 = 3

    /// A count above this is taken for garbage.
    private static let maximumCount: Int32 = 1024

    /// The descriptors meant for this process, in order, each with its name from `$LISTEN_FDNAMES` (`"unknown"`
    /// where the sender gave none, as sd_listen_fds_with_names(3) says).
    ///
    /// Empty unless `$LISTEN_PID` is this very process: a child that inherited the variables must not take its
    /// parent's sockets for its own. Each descriptor is made close-on-exec, so that ours do not inherit it either.
    /// A count beyond what is open ends the list where the open descriptors end.
    package static func descriptors() -> [(name: String, descriptor: Int32)] {
        let inherited = declared(
            processIdentifier: getpid(), listenPID: variable("LISTEN_PID"), listenFDs: variable("LISTEN_FDS"),
            listenFDNames: variable("LISTEN_FDNAMES"))
        return Array(inherited.prefix { closeOnExec($0.descriptor) })
    }

    /// What the three variables declare for a process: the pure half of `descriptors()`.
    package static func declared(
        processIdentifier: Int32, listenPID: String?, listenFDs: String?, listenFDNames: String?
    ) -> [(name: String, descriptor: Int32)] {
        guard let listenPID, Int32(listenPID) == processIdentifier, let listenFDs, let count = Int32(listenFDs),
            (1...maximumCount).contains(count)
        else { return [] }
        let names = listenFDNames?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        return (0..<count).map { index in
            let name = Int(index) < names.count ? names[Int(index)] : ""
            return (name: name.isEmpty ? "unknown" : name, descriptor: firstDescriptor + index)
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func closeOnExec(_ descriptor: Int32) -> Bool {
        let flags = fcntl(descriptor, F_GETFD)
        return flags >= 0 && fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) >= 0
    }
}

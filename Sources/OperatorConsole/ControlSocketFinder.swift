import Glibc
import ProbeClient

/// Where PID 1's control socket may be.
package struct ControlSocketFinder: Sendable, Equatable {
    /// The likeliest first.
    package let candidates: [String]
    /// Somebody named it: whoever answers there is believed.
    package let isNamed: Bool

    /// - Parameters:
    ///   - named: by the command line or the environment; the first that is not empty.
    ///   - stateDirectory: of the settings that this command sees.
    ///   - users: whose folders in /tmp it may be in; by default our own and that of process 1.
    package init(
        named: [String?], stateDirectory: String,
        users: [UInt32] = [geteuid()] + [PeerUser.ofProcessOne].compactMap { $0 }
    ) {
        if let name = named.lazy.compactMap({ $0 }).first(where: { !$0.isEmpty }) {
            candidates = [name]
            isNamed = true
            return
        }
        isNamed = false
        // As the supervisor chooses among them; it is process 1 wherever somebody can be asked to run this.
        var folders = [stateDirectory, "/run/coxswain"]
        for user in users where !folders.contains("/tmp/coxswain-\(user)-1") {
            folders.append("/tmp/coxswain-\(user)-1")
        }
        candidates = folders.map { "\($0)/control.sock" }
    }
}

import Glibc
package import Models
import Readable

/// How `coxswain-preload` ends: stable, documented, and what PID 1 decides by (sysexits.h).
package enum PreloadExit: Int32, Sendable, Equatable {
    case complete = 0
    /// EX_USAGE.
    case usage = 64
    /// EX_UNAVAILABLE: nothing that trying again would help.
    case hopeless = 69
    /// EX_TEMPFAIL: the same may succeed later.
    case later = 75
    /// EX_CONFIG.
    case settings = 78
}

/// Why one source did not deliver.
package struct SourceFailure: Error, Sendable, Equatable {
    package var source: String
    /// Who was asked; empty where nobody was.
    package var host: String
    package var message: String
    package var mayPass: Bool
    /// There was no connection to it: no name, no route, nobody listens.
    package var isUnreachable: Bool

    package init(
        source: String, host: String = "", message: String, mayPass: Bool = false, isUnreachable: Bool = false
    ) {
        self.source = source
        self.host = host
        self.message = message
        self.mayPass = mayPass
        self.isUnreachable = isUnreachable
    }
}

/// Why a model is not there: the whole story, with what to do about it.
package struct PreloadFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var exit: PreloadExit
    package var message: String
    package var tried: [SourceFailure]

    package init(_ exit: PreloadExit, _ message: String, tried: [SourceFailure] = []) {
        self.exit = exit
        self.message = message
        self.tried = tried
    }

    package var description: String { message }

    /// No source could deliver.
    ///
    /// Where a connection stood to none of them, this machine has no network as far as models go. That is said at once:
    /// a container that tries it five times more only says it later.
    ///
    /// - Parameter problems: what is wrong with the folder; nil where nobody looked at it.
    static func noSource(
        _ model: String, _ tried: [SourceFailure], problems: [FileProblem]?, folder: String
    ) -> PreloadFailure {
        let stories = tried.map { failure in
            let place =
                failure.host.isEmpty || failure.source.contains(failure.host)
                ? failure.source : "\(failure.source) (\(failure.host))"
            return "\(place): \(failure.message)"
        }.joined(separator: "; ")
        let missing = problems.map { ": \(list($0, in: folder))" } ?? ""
        let passing = tried.filter(\.mayPass)
        if passing.isEmpty {
            return PreloadFailure(
                .hopeless,
                "\(model) could not be fetched\(missing). \(stories). Mount a complete \(folder), or name a source that "
                    + "has it in COXSWAIN_MODEL_SOURCES", tried: tried)
        }
        if passing.allSatisfy(\.isUnreachable) {
            return PreloadFailure(
                .hopeless,
                "\(model) could not be fetched, for no source of it can be reached\(missing). \(stories). "
                    + "Mount a complete \(folder), or name a folder or a mirror in COXSWAIN_MODEL_SOURCES", tried: tried
            )
        }
        return PreloadFailure(
            .later, "\(model) could not be fetched\(missing). \(stories). It is tried again from where it stopped",
            tried: tried)
    }

    /// The network is forbidden, and something is missing.
    static func offline(
        _ model: String, reason: String, problems: [FileProblem], hosts: [String], folder: String
    ) -> PreloadFailure {
        let asked = hosts.isEmpty ? "nobody" : hosts.joined(separator: ", ")
        return PreloadFailure(
            .hopeless,
            "\(model) is not complete, and \(reason) forbids the network: \(list(problems, in: folder)). "
                + "Would have asked: \(asked). Mount a complete \(folder), name a local folder in COXSWAIN_MODEL_SOURCES, or unset \(reason)"
        )
    }

    /// What is wrong with a folder, as a sentence; a few of many.
    package static func list(_ problems: [FileProblem], in folder: String) -> String {
        guard !problems.isEmpty else { return "\(folder) is not there" }
        let shown = problems.prefix(8).map(\.description).joined(separator: ", ")
        let more = problems.count > 8 ? " and \(problems.count - 8) more" : ""
        return "in \(folder) \(shown)\(more)"
    }

    /// Errors of a disk, a network file system or a machine that have a better day.
    private static let mayPass: Set<CInt> = [EAGAIN, EIO, EMFILE, ENFILE, ENOMEM, ESTALE, ETIMEDOUT, EBUSY]

    /// A file operation that failed on our side.
    static func file(_ failure: FileFailure, _ model: String) -> PreloadFailure {
        if failure.isDiskFull {
            return PreloadFailure(
                .hopeless, "\(model): \(failure). The disk is full: make room, or `coxswain-preload prune`")
        }
        if failure.isReadOnly {
            return PreloadFailure(
                .hopeless,
                "\(model): \(failure). Weights that are complete may lie in a read-only folder; to fetch them it must be writable"
            )
        }
        return PreloadFailure(mayPass.contains(failure.code) ? .later : .hopeless, "\(model): \(failure)")
    }
}

/// Somebody asked this process to stop.
package struct Stopped: Error {
    package init() {}
}

/// Another container took this one for dead, and downloads now.
struct LeaseLost: Error {}

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

    package init(source: String, host: String = "", message: String, mayPass: Bool = false) {
        self.source = source
        self.host = host
        self.message = message
        self.mayPass = mayPass
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
    static func noSource(_ model: String, _ tried: [SourceFailure], root: String) -> PreloadFailure {
        let stories = tried.map { failure in
            let place =
                failure.host.isEmpty || failure.source.contains(failure.host)
                ? failure.source : "\(failure.source) (\(failure.host))"
            return "\(place): \(failure.message)"
        }
        let mayPass = tried.contains(where: \.mayPass)
        let advice =
            mayPass
            ? "It is tried again from where it stopped"
            : "Mount the model's folder below \(root), or name a source that has it in COXSWAIN_MODEL_SOURCES"
        return PreloadFailure(
            mayPass ? .later : .hopeless,
            "\(model) could not be fetched. \(stories.joined(separator: "; ")). \(advice)", tried: tried)
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

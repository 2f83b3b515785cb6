import Glibc
import Testing

/// What is tried from inside the sandbox's layers, and how each layer answers; nil where a layer has no say.
struct Attempt: Sendable, CustomTestStringConvertible {
    let name: String
    let argument: String
    var files: Probe.End?
    var systemCalls: Probe.End?
    /// Whether nothing stops it without a sandbox.
    var worksWithout = true

    init(
        _ name: String, _ argument: String = "", files: Probe.End? = nil, systemCalls: Probe.End? = nil,
        worksWithout: Bool = true
    ) {
        self.name = name
        self.argument = argument
        self.files = files
        self.systemCalls = systemCalls
        self.worksWithout = worksWithout
    }

    var testDescription: String { "\(name) \(argument)" }

    static let all: [Attempt] =
        [
            Attempt("read", "/etc/fonts/fonts.conf", files: .done, systemCalls: .done),
            Attempt("list", "/usr/share/fonts", files: .done, systemCalls: .done),
            Attempt("read", "/etc/passwd", files: .refused("EACCES")),
            Attempt("read", "/proc/self/status", files: .refused("EACCES")),
            Attempt("read", "/dev/urandom", files: .refused("EACCES")),
            Attempt("list", "/", files: .refused("EACCES")),
            Attempt("write", "/dev/null", files: .refused("EACCES"), systemCalls: .refused("EACCES")),
            Attempt("update", "/tmp/coxswain-sandbox-file", files: .refused("EACCES"), systemCalls: .refused("EACCES")),
            Attempt("make", "/tmp/coxswain-sandbox-made", files: .refused("EACCES"), systemCalls: .refused("EACCES")),
            Attempt("make-nameless", "/tmp", files: .refused("EACCES"), systemCalls: .refused("EACCES")),
            Attempt(
                "make-folder", "/tmp/coxswain-sandbox-folder", files: .refused("EACCES"),
                systemCalls: .refused("ENOSYS")),
            Attempt("remove", "/tmp/coxswain-sandbox-made", files: .refused("EACCES"), systemCalls: .refused("ENOSYS")),
            Attempt(
                "shorten", "/tmp/coxswain-sandbox-file", files: .refused("EACCES"), systemCalls: .refused("ENOSYS")),
            Attempt("change-mode", "/tmp/coxswain-sandbox-file", systemCalls: .refused("ENOSYS")),
            Attempt("map-document", systemCalls: .refused("EACCES")),
            Attempt("shorten-document", systemCalls: .refused("ENOSYS")),
            Attempt("run", "/bin/true", files: .refused("EACCES"), systemCalls: .killed(SIGSYS)),
            Attempt("fork", systemCalls: .killed(SIGSYS)),
            Attempt("clone", systemCalls: .killed(SIGSYS)),
            Attempt("thread", systemCalls: .refused("EPERM")),
            Attempt("socket", systemCalls: .killed(SIGSYS)),
            // Without a sandbox nobody listens there, either.
            Attempt(
                "connect", "1", files: Probe.landlock >= 4 ? .refused("EACCES") : nil, systemCalls: .killed(SIGSYS),
                worksWithout: false),
            Attempt(
                "signal-parent", files: Probe.landlock >= 6 ? .refused("EPERM") : nil, systemCalls: .killed(SIGSYS)),
            Attempt("signal-itself", files: .done, systemCalls: .done),
            Attempt("trace-parent", files: .refused("EPERM"), systemCalls: .killed(SIGSYS), worksWithout: false),
            Attempt("read-parent", files: .refused("EPERM"), systemCalls: .killed(SIGSYS), worksWithout: false),
            Attempt("map-code", systemCalls: .refused("EACCES")),
            Attempt("make-code", systemCalls: .refused("EACCES")),
            Attempt("memory-limit", systemCalls: .refused("EPERM")),
            Attempt("processor-limit", systemCalls: .done),
            Attempt("become", systemCalls: .killed(SIGSYS), worksWithout: getuid() == 0),
            Attempt("io-uring", systemCalls: .killed(SIGSYS), worksWithout: false),
            Attempt("unknown-call", systemCalls: .refused("ENOSYS"), worksWithout: false),
        ] + Probe.otherInterfaces
}

/// Runs `SandboxProbe`.
enum Probe {
    enum End: Sendable, Equatable {
        case done
        /// The errno's name.
        case refused(String)
        case killed(Int32)
        case unclear(String)
    }

    /// Beside the renderer.
    static let path = Fixtures.renderer.dropLast("coxswain-render".utf8.count) + "SandboxProbe"

    /// The kernel's version of Landlock's interface; 0 where there is none.
    static let landlock: Int = {
        let printed = Fixtures.output(of: "'\(path)' - landlock-version")
        return Int(printed.prefix { $0.isNumber }) ?? 0
    }()

    static var hasLandlock: Bool { landlock > 0 }

    /// Calls by the numbers of the processor's other interfaces, which a filter may overlook.
    static let otherInterfaces: [Attempt] = {
        #if arch(x86_64)
        [
            Attempt("x32", systemCalls: .killed(SIGSYS), worksWithout: false),
            Attempt("int80", systemCalls: .killed(SIGSYS), worksWithout: false),
        ]
        #else
        []
        #endif
    }()

    static func run(layers: String, _ attempt: Attempt) throws -> End {
        for leftover in ["made", "file"] { unlink("/tmp/coxswain-sandbox-\(leftover)") }
        rmdir("/tmp/coxswain-sandbox-folder")
        if attempt.name != "make" {
            close(creat("/tmp/coxswain-sandbox-\(attempt.name == "remove" ? "made" : "file")", 0o600))
        }
        defer { for leftover in ["made", "file"] { unlink("/tmp/coxswain-sandbox-\(leftover)") } }
        let printed = Fixtures.output(of: "'\(path)' \(layers) \(attempt.name) \(attempt.argument) 2>&1; echo $?")
        let lines = printed.split(separator: "\n").map(String.init)
        guard let status = lines.last.flatMap({ Int32($0) }) else { return .unclear(printed) }
        // As the shell says it.
        if status > 128 { return .killed(status - 128) }
        if attempt.name == "run", status == 0, lines.count == 1 { return .done }
        guard status == 0, lines.count == 2 else { return .unclear(printed) }
        return lines[0] == "done" ? .done : .refused(String(lines[0].dropFirst("refused ".count)))
    }
}

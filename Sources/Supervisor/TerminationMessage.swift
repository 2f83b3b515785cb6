import Glibc
package import Lifecycle
import OperatorLog

/// The final word of a container that was not asked to stop, for who finds it dead: `kubectl describe pod` shows it.
///
/// Kubernetes mounts a file at /dev/termination-log and reads at most 4096 bytes of it (the API's
/// `terminationMessagePath`). What matters most stands in front; of the last lines there are as many as fit.
package struct TerminationMessage: Sendable, Equatable {
    package static let defaultFile = "/dev/termination-log"
    package static let limit = 4096

    package var code: ExitCode
    /// Why the container ends, in a sentence.
    package var why: String
    /// What to do about it.
    package var hint: String?
    /// The log line that told it.
    package var evidence: String?
    /// Where it was, innermost frame first.
    package var stack: [String]
    /// Whose last lines these are.
    package var service: String?
    /// Oldest first, without secrets.
    package var lastLines: [String]

    package init(
        code: ExitCode, why: String, hint: String? = nil, evidence: String? = nil, stack: [String] = [],
        service: String? = nil, lastLines: [String] = []
    ) {
        self.code = code
        self.why = why
        self.hint = hint
        self.evidence = evidence
        self.stack = stack
        self.service = service
        self.lastLines = lastLines
    }

    /// Of the service that ended the container.
    package init(code: ExitCode, why: String, service: ServiceMachine?, lastLines: [String] = []) {
        let diagnosis = service?.lastFailure?.diagnosis
        self.init(
            code: code, why: why, hint: diagnosis?.hint, evidence: diagnosis?.evidence, stack: diagnosis?.stack ?? [],
            service: service?.definition.name, lastLines: lastLines)
    }

    /// With everything in it changed so: lines are masked before they are cut, since half a secret is not known for one.
    package func masked(_ mask: (String) -> String) -> TerminationMessage {
        TerminationMessage(
            code: code, why: mask(why), hint: hint.map(mask), evidence: evidence.map(mask), stack: stack.map(mask),
            service: service, lastLines: lastLines.map(mask))
    }

    /// At most ``limit`` bytes.
    package var text: String {
        var text = "\(Self.cut(why, service == nil ? 3000 : 1200))\n"
        if let hint { text += "what may help: \(Self.cut(hint, 600))\n" }
        if let evidence { text += "its log says: \(Self.cut(evidence, 400))\n" }
        if !stack.isEmpty { text += "it was in: \(Self.cut(stack.joined(separator: " ← "), 400))\n" }
        text += "exit status \(code.rawValue): \(code.meaning)\n"
        let head = "the last lines of \(service ?? "it"):\n"
        var left = Self.limit - text.utf8.count - head.utf8.count
        var fitting: [String] = []
        for line in lastLines.reversed() {
            let line = "  \(Self.cut(line, 500))\n"
            left -= line.utf8.count
            guard left >= 0 else { break }
            fitting.append(line)
        }
        return fitting.isEmpty ? text : text + head + fitting.reversed().joined()
    }

    /// Puts it into the file, in place of what it held. Only into a regular file that is there: nothing is ever made in /dev.
    ///
    /// - Returns: whether it was written.
    @discardableResult
    package func write(to path: String) -> Bool {
        // A pipe that nobody reads must not keep the process from its end.
        let file = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, ftruncate(file, 0) == 0 else {
            return false
        }
        let bytes = Array(text.utf8)
        return Glibc.write(file, bytes, bytes.count) == bytes.count
    }

    /// At most so many bytes, between two characters.
    private static func cut(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var result = ""
        var length = 0
        for character in text.unicodeScalars {
            length += UTF8.width(character)
            guard length <= limit - 3 else { break }
            result.unicodeScalars.append(character)
        }
        return result + "…"
    }
}

extension ExitCode {
    package var meaning: String {
        switch self {
        case .stopped: "it was asked to stop"
        case .hopeless: "a cause that no retry can help"
        case .internalFault: "a fault of coxswain itself, please report it"
        case .budgetSpent: "the restart budget of a service is spent"
        case .settings: "the settings are wrong"
        }
    }
}

extension TerminationMessage {
    /// Of a container that did not get so far as to have a log.
    package static func leave(_ why: String, _ code: ExitCode, environment: [String: String]) {
        let redaction = Redaction(secrets: Redaction.secrets(in: environment))
        TerminationMessage(code: code, why: "coxswain cannot start: \(why)").masked(redaction.apply).write(
            to: file(environment))
    }

    /// Where it goes.
    package static func file(_ environment: [String: String]) -> String {
        environment["COXSWAIN_TERMINATION_LOG"].flatMap { $0.isEmpty ? nil : $0 } ?? defaultFile
    }
}

package import ControlProtocol
import FoundationEssentials
import Glibc
import Health
package import ProbeClient

/// Asks PID 1, and turns what goes wrong into what the operator should do.
package struct ControlCaller: Sendable {
    private let finder: ControlSocketFinder
    private let timeout: Double

    /// - Parameter timeout: for the beginning of each answer, seconds.
    package init(_ finder: ControlSocketFinder, timeout: Double = 10) {
        self.finder = finder
        self.timeout = timeout
    }

    /// - Parameter query: names and values; a value that is nil is left out with its name.
    /// - Returns: an answer whose status is below 400.
    package func ask(
        _ method: String, _ endpoint: ControlEndpoint, _ query: [(name: String, value: String?)] = [],
        timeout: Double? = nil
    ) throws(ConsoleFailure) -> ControlConnection {
        try ask(method, path: endpoint.path, query, timeout: timeout)
    }

    package func ask(
        _ method: String, path: String, _ query: [(name: String, value: String?)] = [], timeout: Double? = nil
    ) throws(ConsoleFailure) -> ControlConnection {
        let pairs = query.compactMap { pair in pair.value.map { "\(pair.name)=\(PercentCoding.encode($0))" } }
        let target = path + (pairs.isEmpty ? "" : "?\(pairs.joined(separator: "&"))")
        let connection = try connect(method, target, timeout ?? self.timeout)
        guard connection.status >= 400 else { return connection }
        throw Self.failure(connection)
    }

    /// Asks and decodes the whole answer.
    package func answer<Value: Decodable>(
        _ type: Value.Type, _ endpoint: ControlEndpoint, _ query: [(name: String, value: String?)] = []
    ) throws(ConsoleFailure) -> Value {
        let text = try text(endpoint, query)
        do {
            return try JSONText.decode(type, from: text)
        } catch {
            throw ConsoleFailure(
                .no, "the answer is not understood: is the running coxswain of another version than this command?")
        }
    }

    /// Asks and reads the whole answer.
    package func text(
        _ endpoint: ControlEndpoint, _ query: [(name: String, value: String?)] = []
    ) throws(ConsoleFailure) -> String {
        try Self.text(of: ask("GET", endpoint, query))
    }

    package static func text(of connection: ControlConnection) throws(ConsoleFailure) -> String {
        do throws(ControlConnection.Failure) {
            return try connection.text()
        } catch {
            throw ConsoleFailure(.nobody, "the answer of coxswain broke off: \(error.description)")
        }
    }

    // MARK: What goes wrong

    private func connect(
        _ method: String, _ target: String, _ timeout: Double
    ) throws(ConsoleFailure) -> ControlConnection {
        var nobody: [String] = []
        var isForbidden = false
        for path in finder.candidates {
            do throws(ControlConnection.Failure) {
                return try ControlConnection(
                    socket: path, method, target, believes: finder.isNamed, timeout: timeout)
            } catch {
                guard case .nobody(let code) = error else {
                    throw ConsoleFailure(.nobody, "no coxswain answers at \(path): \(error.description)")
                }
                isForbidden = isForbidden || code == EACCES || code == EPERM
                nobody.append("\(path): \(error.description)")
            }
        }
        throw ConsoleFailure(.nobody, Self.nobody(nobody, isForbidden: isForbidden))
    }

    private static func nobody(_ tried: [String], isForbidden: Bool) -> String {
        let advice =
            isForbidden
            ? "This user (uid \(geteuid())) may not reach it: run this as root or as the user that `coxswain run` runs as, for "
                + "example `docker exec --user root`"
            : "Is it running in this container? Run this inside of it (`docker exec CONTAINER coxswain …`, `kubectl exec POD -- "
                + "coxswain …`), with the same STATE_DIR, OUTPUT_DIR and --config, or name its socket by --socket"
        return "no coxswain answers at\n  \(tried.joined(separator: "\n  "))\n\(advice)"
    }

    private static func failure(_ connection: ControlConnection) -> ConsoleFailure {
        let text = (try? connection.text()) ?? ""
        let problem =
            (try? JSONText.decode(ControlProblem.self, from: text))
            ?? ControlProblem(error: "status \(connection.status)", hint: "")
        let code: ConsoleFailure.Code =
            switch connection.status {
            case 403: .notPermitted
            case 404 where problem.services != nil: .usage
            default: .no
            }
        let lines = (problem.problems ?? []).map { "\n  \(Printable.text($0))" }.joined()
        var message = Printable.text(problem.error) + lines
        if !problem.hint.isEmpty { message += (lines.isEmpty ? ": " : "\n") + Printable.text(problem.hint) }
        return ConsoleFailure(code, message)
    }
}

package import Health
import Readable
import TimeOfDay

/// The container's state for people.
package enum StatusTable {
    /// A line on the container, what it is doing, and a table of its services.
    package static func lines(_ state: ContainerState, now: Double, on terminal: Terminal) -> [String] {
        let fit: (String) -> String = { line in terminal.size.map { Printable.cut(line, to: $0.columns) } ?? line }
        var lines: [String] = []
        var words = ["up \(TimeSpan.text(now - state.startedAt))"]
        if !state.facts.version.isEmpty { words.append("coxswain \(Printable.text(state.facts.version))") }
        if state.held { words.insert("held for inspection", at: 0) }
        if state.ready, state.phase != .ready { words.insert("still called ready", at: 0) }
        // Painted after it is cut, so that no colour is cut in two.
        let phase = state.phase.rawValue
        lines.append(
            terminal.paint(phase, color(of: state))
                + fit("\(phase), " + words.joined(separator: ", ")).dropFirst(phase.count))
        if !state.reason.isEmpty { lines.append(fit(Printable.text(state.reason))) }
        if let bar = bar(state) { lines.append(fit(bar)) }
        lines.append("")
        lines += table(state, now: now, on: terminal)
        return lines
    }

    /// One line that says what has changed, for a log or a pipe.
    package static func line(_ state: ContainerState, now: Double) -> String {
        let services = state.services.map { "\(Printable.text($0.name))=\($0.state)" }.joined(separator: " ")
        let time = WallClock.rfc3339(now).dropFirst(11).prefix(8)
        return "\(time) \(state.phase.rawValue) \(services)"
            + (state.reason.isEmpty ? "" : ": \(Printable.text(state.reason))")
    }

    /// Whether a line is to be written for `next` after `last`: percentages and seconds alone are no news.
    package static func isNews(_ next: ContainerState, after last: ContainerState?) -> Bool {
        guard let last else { return true }
        return next.phase != last.phase || next.ready != last.ready || next.held != last.held
            || withoutPercent(next.reason) != withoutPercent(last.reason)
            || next.services.map { [$0.name, $0.state, "\($0.restarts)"] }
                != last.services.map { [$0.name, $0.state, "\($0.restarts)"] }
    }

    // MARK: Parts

    private static func withoutPercent(_ text: String) -> Substring {
        guard text.hasSuffix(" %)"), let open = text.lastIndex(of: "(") else { return text[...] }
        return text[..<open]
    }

    /// How far the start is; nil when nothing starts.
    private static func bar(_ state: ContainerState) -> String? {
        let starts = [.preloading, .starting, .warming].contains(state.phase)
        guard starts || state.phase == .degraded && state.etaSeconds != nil else { return nil }
        let share = max(0, min(1, state.progress))
        let width = 30
        let done = Int(share * Double(width))
        let time = state.etaSeconds.map { ", about \(TimeSpan.text(Double($0))) more" } ?? ""
        return
            "[\(String(repeating: "#", count: done))\(String(repeating: "-", count: width - done))] \(Int(share * 100)) %\(time)"
    }

    private struct Column {
        var title: String
        var isNumber: Bool
        var cells: [String]
        var width: Int { max(title.count, cells.map { Printable.width($0) }.max() ?? 0) }
    }

    private static func table(_ state: ContainerState, now: Double, on terminal: Terminal) -> [String] {
        let services = state.services
        func column(_ title: String, number: Bool = false, _ cell: (ServiceState) -> String) -> Column {
            Column(title: title, isNumber: number, cells: services.map(cell))
        }
        var columns = [
            column("SERVICE") { Printable.text($0.name) },
            column("STATE") { Printable.text($0.state) },
            column("SINCE", number: true) { TimeSpan.text(now - $0.since) },
            column("PID", number: true) { $0.pid.map(String.init) ?? "-" },
        ]
        columns.append(column("MEMORY", number: true) { $0.memoryBytes.map { ByteCount.text($0) } ?? "-" })
        columns.append(column("RESTARTS", number: true) { String($0.restarts) })
        columns.append(column("LAST FAILURE") { note($0, now: now) })
        return (-1..<services.count).map { row in
            var line = ""
            for (index, column) in columns.enumerated() {
                let text = row < 0 ? column.title : column.cells[row]
                let isLast = index == columns.count - 1
                line += isLast ? text : Printable.pad(text, to: column.width, right: column.isNumber) + "  "
            }
            while line.last == " " { line.removeLast() }
            if let size = terminal.size { line = Printable.cut(line, to: size.columns) }
            guard row >= 0 else { return terminal.paint(line, "2") }
            return paintState(line, columns[0].width + 2, services[row], on: terminal)
        }
    }

    /// What comes next, and what was last.
    private static func note(_ service: ServiceState, now: Double) -> String {
        var parts: [String] = []
        if let at = service.retryAt {
            let tries =
                service.attempt.flatMap { attempt in service.attemptLimit.map { " (\(attempt) of \($0))" } } ?? ""
            parts.append("again in \(TimeSpan.text(at - now))\(tries)")
        }
        if let failure = service.lastFailure {
            parts.append("\(TimeSpan.text(now - failure.at)) ago: \(Printable.text(failure.cause))")
        }
        return parts.isEmpty ? "-" : parts.joined(separator: "; ")
    }

    private static func paintState(
        _ line: String, _ column: Int, _ service: ServiceState, on terminal: Terminal
    ) -> String {
        guard terminal.color, line.count > column + service.state.count else { return line }
        let start = line.index(line.startIndex, offsetBy: column)
        let end = line.index(start, offsetBy: service.state.count)
        let code =
            switch service.state {
            case "ready", "done": "32"
            case "failed": "31;1"
            case "backoff", "unready": "31"
            default: "33"
            }
        return line[..<start] + terminal.paint(String(line[start..<end]), code) + line[end...]
    }

    private static func color(of state: ContainerState) -> String {
        switch state.phase {
        case .ready: "32;1"
        case .failed, .stopped: "31;1"
        default: "33;1"
        }
    }
}

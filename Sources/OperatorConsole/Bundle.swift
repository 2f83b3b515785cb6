import ControlProtocol
import Health
import TimeOfDay

/// What goes into one archive for a bug report, and what could not.
///
/// Texts that PID 1 hands out are masked already; everything is masked once more on its way in.
package struct Bundle {
    private let redact: (String) -> String
    /// Name of the folder in the archive, and of the archive without its ending.
    package let name: String
    private let time: Double
    private var files: [(path: String, text: String)] = []
    private var missing: [String] = []
    /// Folders that the container writes to, by what they are for; empty where nobody answered.
    package private(set) var folders: [(role: String, path: String)] = []

    /// - Parameters:
    ///   - time: seconds since 1970.
    ///   - redact: takes secrets out of a text.
    package init(time: Double, redact: @escaping (String) -> String) {
        self.time = time
        self.redact = redact
        name = "coxswain-bundle-" + WallClock.rfc3339(time).prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    package mutating func add(_ path: String, _ text: String) {
        files.append((path, redact(text.hasSuffix("\n") || text.isEmpty ? text : text + "\n")))
    }

    /// - Parameter why: what stood in its way.
    package mutating func miss(_ path: String, _ why: String) { missing.append("\(path): \(redact(why))") }

    /// Everything that a running coxswain knows.
    ///
    /// - Returns: whether anybody answered.
    @discardableResult
    package mutating func ask(_ caller: ControlCaller) -> Bool {
        let state: ContainerState
        do throws(ConsoleFailure) {
            let text = try caller.text(.state)
            state = try caller.answer(ContainerState.self, .state)
            add("state.json", text)
        } catch {
            let all = [
                "state.json", "explanation.txt", "settings.json", "events.ndjson", "log/", "metrics.txt",
                "version.json",
            ]
            miss(all.joined(separator: ", "), error.message)
            return false
        }
        add("explanation.txt", state.explanation(now: time).text)
        take("version.json", caller, ControlEndpoint.version.path)
        take("settings.json", caller, ControlEndpoint.config.path)
        folders = [("output", state.facts.outputDirectory)].filter { !$0.1.isEmpty }
        if let folder = setting("state-dir") { folders.append(("state", folder)) }
        take("events.ndjson", caller, ControlEndpoint.events.path, [("n", "all")])
        take("metrics.txt", caller, "/metrics")
        for service in state.services.map(\.name) + ["coxswain"] {
            take(
                "log/\(Self.safe(service)).ndjson", caller, ControlEndpoint.logs.path,
                [("service", service), ("n", "all")])
        }
        add("engine-version.txt", engineVersion(of: state.facts.engineService))
        return true
    }

    /// The archive.
    package func archive() -> [UInt8] {
        var archive = TarArchive(time: time)
        var files = files
        if !missing.isEmpty {
            files.insert(("MISSING.txt", "Could not be had:\n\n" + missing.joined(separator: "\n") + "\n"), at: 0)
        }
        files.insert(("README.txt", readme), at: 0)
        for file in files {
            // A name that does not fit is no name of ours.
            try? archive.add("\(name)/\(file.path)", Array(file.text.utf8))
        }
        return archive.data
    }

    // MARK: Parts

    private mutating func take(
        _ file: String, _ caller: ControlCaller, _ path: String, _ query: [(name: String, value: String?)] = []
    ) {
        do throws(ConsoleFailure) {
            add(file, try ControlCaller.text(of: try caller.ask("GET", path: path, query)))
        } catch {
            miss(file, error.message)
        }
    }

    /// A text of the settings that were handed out.
    private func setting(_ key: String) -> String? {
        let text = files.first { $0.path == "settings.json" }?.text ?? ""
        let settings = try? JSONText.decode([String: [ControlSources.Setting]].self, from: text)["settings"]
        return settings?.first { $0.key == key }.map { $0.value.filter { $0 != "\"" } }
    }

    /// vLLM says it in the first lines of its log, which may be gone.
    private func engineVersion(of engine: String) -> String {
        let log = files.first { $0.path == "log/\(Self.safe(engine)).ndjson" }?.text ?? ""
        for mark in ["vLLM API server version ", "vLLM server version ", "vLLM version "] {
            guard let found = log.firstRange(of: mark) else { continue }
            let version = log[found.upperBound...].prefix { $0.isLetter || $0.isNumber || ".+-_".contains($0) }
            if !version.isEmpty { return "\(mark)\(version)" }
        }
        return "unknown: its log, as far as it is remembered, does not say it"
    }

    /// A service's name as the name of a file.
    private static func safe(_ name: String) -> String {
        let text = name.prefix(60).map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }
        return text.first == "." ? "_" + String(text.dropFirst()) : String(text)
    }

    private var readme: String {
        """
        What a coxswain knows of itself, for a bug report. Made at \(WallClock.rfc3339(time)).

        Keys, tokens and passwords are masked, of the environment there are the names only, and no log of coxswain holds a
        document's text or name. What your own services write is theirs: look through log/ before you send this to anybody.

          state.json, explanation.txt   the container's state, and why it is not ready
          settings.json                 the settings in effect, and where each came from
          events.ndjson                 what supervision did
          log/NAME.ndjson               the last lines of each service, and of coxswain
          metrics.txt                   as at /metrics
          version.json, versions.txt    of coxswain, kernel and system
          engine-version.txt            of the engine, if its log still says it
          gpu.txt                       GPUs, their memory, their driver
          container.txt                 what the container is given: shared memory, disk, memory, cores
          environment.txt               names of environment variables
          MISSING.txt                   what could not be had, and why
        """ + "\n"
    }
}

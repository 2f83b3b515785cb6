import Lifecycle

extension Configuration {
    /// Reads what stands in no table.
    mutating func read(_ table: [String: SettingValue], _ reader: inout TableReader) {
        reader.checkKeys(
            table, at: "",
            known: [
                "listen", "output-dir", "state-dir", "log-format", "engine", "drain-delay", "shutdown-grace",
                "start-within", "unready-after", "before-ready", "service",
            ])
        if let text = reader.text(table, "listen", at: "") {
            if let endpoint = Endpoint(text) {
                listen = endpoint
            } else {
                reader.complain(
                    "listen", "`listen` must be ADDRESS:PORT, for example \"0.0.0.0:8081\", not \"\(text)\"")
            }
        }
        if let folder = reader.text(table, "output-dir", at: "") {
            outputDirectory = folder
            stateDirectory = "\(folder)/.coxswain"
        }
        if let folder = reader.text(table, "state-dir", at: "") { stateDirectory = folder }
        if let format = reader.choice(table, "log-format", at: "", of: ["json", "console"]) { logFormat = format }
        if let name = reader.text(table, "engine", at: ""), !chooseEngine(name) {
            reader.complain("engine", "`engine` " + EngineURL.problem(name))
        }
        policy.drainDelay = reader.duration(table, "drain-delay", at: "") ?? policy.drainDelay
        policy.shutdownGrace = reader.duration(table, "shutdown-grace", at: "") ?? policy.shutdownGrace
        policy.startWithin = reader.duration(table, "start-within", at: "") ?? policy.startWithin
        policy.unreadyAfter = reader.duration(table, "unready-after", at: "") ?? policy.unreadyAfter
        let choices = BeforeReady.allCases.map(\.rawValue)
        if let choice = reader.choice(table, "before-ready", at: "", of: choices).flatMap(BeforeReady.init) {
            beforeReady = choice
        }
        if let services = reader.table(table, "service", at: "") {
            for name in services.keys.sorted() { _ = reader.table(services, name, at: "service") }
        }
    }
}

extension Configuration {
    /// What somebody needs who only asks a running container how it is: where it answers.
    ///
    /// Never fails: a file that became wrong after the container had read it makes no container unwell.
    package static func door(
        file: (name: String, text: String)?, environment: [String: String]
    ) -> (listen: Endpoint, stateDirectory: String) {
        var configuration = Configuration()
        if let file, let table = try? TOMLFile.parse(file.text, file: file.name) {
            var reader = TableReader(file: file.name, text: file.text)
            configuration.read(table, &reader)
        }
        var loader = EnvironmentReader(environment: environment)
        loader.apply(to: &configuration)
        return (configuration.listen, configuration.stateDirectory)
    }
}

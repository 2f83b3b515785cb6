import Lifecycle
import Readable
import TOML

extension Configuration {
    /// Reads what stands in no table.
    mutating func read(_ table: [String: TOMLValue], _ reader: inout TableReader) {
        reader.checkKeys(table, at: "", as: "")
        if let text = reader.text(table, "listen", at: "") {
            if let endpoint = Endpoint(text) {
                listen = endpoint
            } else {
                reader.complain(
                    "listen",
                    "`listen` must be ADDRESS:PORT, for example \"0.0.0.0:8081\", not \"\(PlainText.short(text))\"")
            }
        }
        if let folder = reader.name(table, "output-dir", at: "") {
            outputDirectory = folder
            stateDirectory = "\(folder)/.coxswain"
        }
        if let folder = reader.name(table, "state-dir", at: "") { stateDirectory = folder }
        if let format = reader.choice(table, "log-format", at: "", of: ["json", "console"]) { logFormat = format }
        let levels = ["debug", "info", "warning", "error"]
        if let level = reader.choice(table, "log-level", at: "", of: levels) { logLevel = level }
        if let name = reader.name(table, "engine", at: ""), !chooseEngine(name) {
            reader.complain("engine", "`engine` " + EngineURL.problem(name))
        }
        policy.drainDelay = reader.duration(table, "drain-delay", at: "") ?? policy.drainDelay
        policy.shutdownGrace = reader.duration(table, "shutdown-grace", at: "") ?? policy.shutdownGrace
        policy.startWithin =
            reader.duration(table, "start-within", at: "", atLeast: .seconds(1)) ?? policy.startWithin
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
        if let file {
            var reader = TableReader(file: file.name, text: file.text)
            configuration.read(reader.root, &reader)
        }
        var loader = EnvironmentReader(environment: environment)
        loader.apply(to: &configuration)
        return (configuration.listen, configuration.stateDirectory)
    }
}

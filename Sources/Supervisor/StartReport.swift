import Lifecycle
import OperatorLog
import ProcessHost
import Settings

/// What an operator wants to know of the place that the container runs in, once, at the start.
enum StartReport {
    /// Looks around and writes it down; finds the control groups on the way.
    static func write(_ configuration: Configuration, stateFolder: String, to log: LogHub) -> ControlGroups? {
        // Before the groups are made: this process may move into one of them.
        let memory = ContainerMemoryFiles().read()
        var groups: ControlGroups?
        var shortcoming: String?
        switch ControlGroups.find() {
        case .available(let found): (groups, shortcoming) = (found, found.shortcoming)
        case .unavailable(let why): shortcoming = why
        }
        let surroundings = Surroundings.look(
            folders: [("output", configuration.outputDirectory), ("state", stateFolder)], memory: memory,
            controlGroups: shortcoming)
        let findings = surroundings.findings
        log.log(.info, "the place this container runs in", findings.map { ($0.name, .text($0.value)) })
        let sharesMemory = configuration.services.contains(where: \.usesGPU)
        for finding in findings {
            guard let warning = finding.warning else { continue }
            // An engine on the CPU shares nothing. And in most containers there are no control groups to be had.
            if finding.name == "shared-memory", !sharesMemory { continue }
            log.log(finding.name == "control-groups" ? .info : .warning, warning)
        }
        return groups
    }
}

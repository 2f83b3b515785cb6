import ArgumentParser
import ControlProtocol
import Glibc
import Health
import OperatorConsole
import OperatorLog
import ProbeClient
import ProcessHost
import Settings
import TimeOfDay

/// `coxswain bundle`: one archive for a bug report.
struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Write one archive for a bug report: settings, state, events, recent log, versions, GPU.",
        discussion: """
            Secrets are masked, and of the environment there are the names only. Nothing is sent anywhere. It is written for its \
            owner alone, and never over a file that is there. Where no coxswain answers, it holds what can be had without, and \
            MISSING.txt says what is missing.

            Examples: coxswain bundle -o /tmp/report.tar
                      docker exec CONTAINER coxswain bundle -o - > report.tar

            Exit status 0: it is written; 1: it could not be; 64: wrong use.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A file that is not there yet, or - for standard output; by default coxswain-bundle-TIME.tar here.",
            valueName: "file"))
    var output: String?

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.run { caller in
            guard output != "-" || isatty(STDOUT_FILENO) == 0 else {
                throw ConsoleFailure(
                    .usage, "an archive is nothing for a terminal: -o FILE, or -o - into a pipe or a file")
            }
            let environment = OwnEnvironment.variables()
            let redaction = Redaction(secrets: Redaction.secrets(in: environment))
            var bundle = Bundle(time: WallClock.now()) { redaction.apply($0) }
            let answered = bundle.ask(caller)
            Machine(control: control).describe(&bundle, environment: environment)
            let archive = bundle.archive()
            guard output != "-" else { return Output.write(archive) }
            let file = output ?? "\(bundle.name).tar"
            try NewFile.write(archive, to: file)
            Output.write("\(file): \(archive.count / 1024) KiB\n")
            if !answered { Output.complain("no coxswain answered: MISSING.txt in it says what is missing") }
        }
    }
}

/// What can be known without anybody's answer.
private struct Machine {
    let control: ControlOptions

    func describe(_ bundle: inout Bundle, environment: [String: String]) {
        let build = BuildInformation.current()
        let release = SmallFile.read("/etc/os-release")
        bundle.add(
            "versions.txt",
            """
            coxswain \(Version.current)
            swift \(build.swift ?? "unknown")
            kernel \(build.kernel ?? "unknown") \(build.architecture ?? "")

            \(release ?? "there is no /etc/os-release")
            """)
        bundle.add(
            "environment.txt",
            "Names of the environment variables of this command; values are not in here.\n\n"
                + environment.keys.sorted().joined(separator: "\n"))
        let name = control.config ?? Configuration.defaultFile
        let door = Configuration.door(file: (try? SettingsFile.read(name)).map { (name, $0) }, environment: environment)
        let surroundings = Surroundings.look(
            folders: bundle.folders.isEmpty ? [("state", door.stateDirectory)] : bundle.folders,
            memory: ContainerMemoryFiles().read(), controlGroups: nil)
        // Only `coxswain run` looks for control groups, and may make some.
        let findings = surroundings.findings.filter { $0.name != "control-groups" }
        bundle.add(
            "container.txt",
            findings.map { "\($0.name): \($0.value)" + ($0.warning.map { "\n  \($0)" } ?? "") }.joined(separator: "\n"))
        switch GPUText.ask() {
        case .success(let text): bundle.add("gpu.txt", text)
        case .failure(let failure): bundle.miss("gpu.txt", failure.message)
        }
    }
}

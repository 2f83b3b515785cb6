import ArgumentParser
import CSignalsBlocked
import Health

@main
struct Coxswain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coxswain",
        abstract: "Starts, watches, heals and stops an OCR container: its engine, its warm-up and its API.",
        version: Version.current,
        subcommands: [Run.self, Check.self, ConfigCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "A RUNNING CONTAINER",
                subcommands: [
                    StatusCommand.self, ExplainCommand.self, LogsCommand.self, EventsCommand.self, StartCommand.self,
                    StopCommand.self, RestartCommand.self, ReloadCommand.self, ProbeCommand.self, BundleCommand.self,
                ]),
            CommandGroup(name: "THIS PLACE", subcommands: [GPUCommand.self, VersionCommand.self]),
        ])
}

import ArgumentParser
import CSignalsBlocked
import Health

@main
struct Coxswain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coxswain",
        abstract: "Starts, watches, heals and stops an OCR container: its engine, its warm-up and its API.",
        version: Version.current,
        subcommands: [Run.self, Check.self, ProbeCommand.self, GPUCommand.self])
}

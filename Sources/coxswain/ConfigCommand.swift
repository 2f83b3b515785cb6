import ArgumentParser
import Health
import OperatorConsole
import Settings

/// `coxswain config`: what holds, and who says so.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show all settings as they hold, and where each came from.",
        discussion: """
            Reads what `coxswain run` would read. What it prints is a settings file; secrets are masked, and stand in comments. \
            What a running coxswain uses, its control socket tells: GET /v1/config.

            Examples: coxswain config --changed
                      coxswain config | grep service.engine

            Exit status 0; 78: the settings are wrong (see coxswain check); 64: wrong use.
            """)

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "Only what somebody has set: no defaults, and nothing that a built-in engine profile says.")
    var changed = false

    @Flag(help: "Print JSON: key, value as TOML, source.")
    var json = false

    func run() throws {
        OwnSignals.unblock()
        let effective = try settings.load().effective.filter { !changed || $0.isChanged }
        Output.write(json ? JSONText.encode(effective) + "\n" : EffectiveSetting.listing(effective))
    }
}

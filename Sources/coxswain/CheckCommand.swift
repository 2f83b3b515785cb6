import ArgumentParser
import Health
import Lifecycle
import OperatorConsole
import Settings

/// `coxswain check`: says what is wrong with the settings, for CI and for people.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate the settings: every mistake at once, with its line and column.",
        discussion: """
            Reads what `coxswain run` would read: the settings file, the engine's profile and the environment. Nothing is \
            started or changed, and neither programs nor a GPU need to be there: a laptop or CI will do.

            Examples: coxswain check coxswain.toml
                      coxswain check --only-file --format github coxswain.toml

            Exit status 0: they are valid; 78: they are not; 64: wrong use.
            """)

    @Argument(help: "Settings file; the same as --config.")
    var file: String?

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "The file alone, as if no environment variable were set.")
    var onlyFile = false

    @Option(help: ArgumentHelp("How it is said: text, json, or github (annotations of a workflow).", valueName: "form"))
    var format = Form.text

    enum Form: String, ExpressibleByArgument, CaseIterable { case text, json, github }

    func validate() throws {
        guard file == nil || settings.config == nil else {
            throw ValidationError("a file is named twice: as an argument, and by --config")
        }
    }

    func run() throws {
        OwnSignals.unblock()
        var problems: [SettingsProblem] = []
        var configuration: Configuration?
        do {
            configuration = try settings.read(file: file, environment: onlyFile ? [:] : OwnEnvironment.variables())
        } catch {
            problems = error.problems
        }
        switch format {
        case .text: write(configuration, problems)
        case .json: Output.write(JSONText.encode(Findings(configuration, problems)) + "\n")
        case .github: Output.write(problems.map { Self.annotation(of: $0) + "\n" }.joined())
        }
        if !problems.isEmpty { throw ArgumentParser.ExitCode(Lifecycle.ExitCode.settings.rawValue) }
    }

    private func write(_ configuration: Configuration?, _ problems: [SettingsProblem]) {
        guard let configuration else {
            let count = problems.count == 1 ? "one mistake" : "\(problems.count) mistakes"
            return Output.write(
                "\(SettingsError(problems: problems).illustrated)\n\nthe settings are wrong: \(count)\n")
        }
        let names = configuration.services.map(\.name).joined(separator: ", ")
        Output.write("settings are valid: \(names) on \(configuration.listen); \(configuration.engine)\n")
        if let engine = configuration.services.first(where: { $0.role == .engine }), !engine.isElsewhere {
            Output.write("the engine is started as: \(CommandText.readable(engine.command))\n")
        }
        for note in configuration.notes { Output.write("note: \(note)\n") }
    }

    /// A workflow command, as GitHub Actions reads it from what a job prints.
    private static func annotation(of problem: SettingsProblem) -> String {
        if problem.isVariable { return "::error::" + escaped(problem.description) }
        var properties = "file=" + escaped(problem.file, isProperty: true)
        if let line = problem.line { properties += ",line=\(line)" }
        if let column = problem.column { properties += ",col=\(column)" }
        return "::error \(properties)::" + escaped(problem.message)
    }

    private static func escaped(_ text: String, isProperty: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": result += "%25"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            case ":" where isProperty: result += "%3A"
            case "," where isProperty: result += "%2C"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// What `--format json` prints.
private struct Findings: Encodable {
    var valid: Bool
    var problems: [Problem]
    var notes: [String]

    struct Problem: Encodable {
        var file: String?
        var line: Int?
        var column: Int?
        var variable: String?
        var message: String
    }

    init(_ configuration: Configuration?, _ found: [SettingsProblem]) {
        valid = configuration != nil
        notes = configuration?.notes ?? []
        problems = found.map {
            Problem(
                file: $0.isVariable ? nil : $0.file, line: $0.line, column: $0.column,
                variable: $0.isVariable ? $0.file : nil, message: $0.message)
        }
    }
}

import API
import FoundationEssentials
import Glibc

/// Which page to warm up with, and what is expected of the answer.
struct WarmupSettings {
    /// Largest accepted character error rate; nil: the answer is not compared (an engine that answers noise).
    var maximumError: Double?
    /// Time for everything, seconds.
    var deadline: Double
    var page: Page

    enum Page {
        case builtIn
        /// A file of the operator's, with its text where that is known.
        case file(path: String, text: String?)
    }

    /// What an operator should know of the settings: each a line for the log.
    var remarks: [String] = []

    /// - Parameters:
    ///   - maximumError: of the command line; wins over the environment.
    /// - Throws: `SettingsError`
    init(maximumError argument: String?, environment: [String: String]) throws(SettingsError) {
        let name = "COXSWAIN_WARMUP_MAX_ERROR"
        maximumError = try Self.maximumError(argument ?? environment[name] ?? "0.1", variable: name)
        let limit = environment["COXSWAIN_WARMUP_DEADLINE"] ?? "600"
        guard let seconds = Double(limit), seconds > 0, seconds <= 86_400 else {
            throw SettingsError(
                variable: "COXSWAIN_WARMUP_DEADLINE", value: limit, expected: "a number of seconds above 0")
        }
        deadline = seconds
        page = .builtIn
        guard let path = environment["WARMUP_IMG"], !path.isEmpty else { return }
        guard access(path, R_OK) == 0 else {
            remarks.append("WARMUP_IMG=\(path) cannot be read; the built-in page is used")
            return
        }
        let beside = try? String(contentsOfFile: "\(path).txt", encoding: .utf8)
        page = .file(path: path, text: environment["WARMUP_TEXT"] ?? beside)
    }

    private static func maximumError(_ text: String, variable: String) throws(SettingsError) -> Double? {
        if text == "off" { return nil }
        guard let rate = Double(text), rate >= 0 else {
            throw SettingsError(
                variable: variable, value: text, expected: "a character error rate such as 0.1, or off")
        }
        return rate
    }
}

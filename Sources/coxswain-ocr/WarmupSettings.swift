import API
import FoundationEssentials
import Glibc

/// Which page to warm up with, and what is expected of the answer.
struct WarmupSettings {
    /// Largest accepted character error rate; nil: the answer is not compared (an engine that answers noise).
    var maximumError: Double?
    /// Time for everything, seconds. Below what PID 1 gives the task, so that the engine that gives no answer is told from
    /// a warm-up that hangs.
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
        // As everywhere, an empty variable counts as not set.
        let environment = environment.filter { !$0.value.isEmpty }
        let name = "COXSWAIN_WARMUP_MAX_ERROR"
        maximumError = try Self.maximumError(argument ?? environment[name] ?? "0.1", variable: name)
        let limit = environment["COXSWAIN_WARMUP_DEADLINE"] ?? "240"
        guard let seconds = Double(limit), seconds > 0, seconds <= 86_400 else {
            throw SettingsError(
                variable: "COXSWAIN_WARMUP_DEADLINE", value: limit, expected: "a number of seconds above 0")
        }
        deadline = seconds
        page = Self.page(environment, &remarks)
        if maximumError == nil {
            remarks.append(
                "the engine's answers are not compared with the page (\(name)=off): an engine that answers nonsense "
                    + "would be taken for ready")
        } else if case .file(let path, nil) = page {
            remarks.append(
                "what stands on WARMUP_IMG=\(path) is not known, and the engine's answers are not compared with it: set "
                    + "WARMUP_TEXT, or write the text to \(path).txt")
        }
    }

    private static func page(_ environment: [String: String], _ remarks: inout [String]) -> Page {
        guard let path = environment["WARMUP_IMG"] else { return .builtIn }
        guard access(path, R_OK) == 0 else {
            remarks.append("WARMUP_IMG=\(path) cannot be read; the built-in pages are used")
            return .builtIn
        }
        if let text = environment["WARMUP_TEXT"] { return .file(path: path, text: text) }
        // page.png.txt, or page.txt.
        var candidates = [path]
        if let dot = path.lastIndex(of: "."), !path[dot...].contains("/") { candidates.append(String(path[..<dot])) }
        let texts = candidates.lazy.compactMap { try? String(contentsOfFile: "\($0).txt", encoding: .utf8) }
        return .file(path: path, text: texts.first)
    }

    private static func maximumError(_ text: String, variable: String) throws(SettingsError) -> Double? {
        if text.lowercased() == "off" { return nil }
        guard let rate = Double(text), rate >= 0 else {
            throw SettingsError(
                variable: variable, value: text, expected: "a character error rate such as 0.1, or off")
        }
        return rate
    }
}

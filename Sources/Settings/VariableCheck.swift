import Readable
import VariableCatalog

/// Looks at environment variables before anything is started: our own services would say the same, minutes later.
enum VariableCheck {
    private static let prefix = "COXSWAIN_"

    /// - Parameter value: not empty; an empty variable counts as not set.
    /// - Returns: what is wrong with a value, as "must be …, not …"; nil for nothing, and for what is none of ours.
    static func problem(_ name: String, _ value: String) -> String? {
        guard let kind = Variable.named(name)?.kind, !kind.accepts(value) else { return nil }
        let shown = SecretName.matches(name) ? "" : ", not \"\(PlainText.short(value))\""
        return "must be \(kind.expected ?? "something else")\(shown)"
    }

    /// The variable that somebody meant, if this looks like one of ours and is none.
    static func probable(_ name: String) -> String? {
        guard isStranger(name) else { return nil }
        // Without what all of them begin with, and which makes them all alike.
        let ours = Variable.all.filter { $0.name.hasPrefix(prefix) && $0.audience != .ourselves }
        let near = NearestWord.find(
            String(name.dropFirst(prefix.count)), among: ours.map { String($0.name.dropFirst(prefix.count)) })
        return near.map { prefix + $0 }
    }

    private static func isStranger(_ name: String) -> Bool {
        name.hasPrefix(prefix) && Variable.named(name) == nil
    }

    /// Everything about our whole environment.
    ///
    /// A variable that nobody reads is a mistake where it looks like a misspelt one: its writer believes that it holds.
    /// Otherwise it may be somebody else's, and is noted.
    static func all(_ environment: [String: String]) -> (problems: [SettingsProblem], notes: [String]) {
        var problems: [SettingsProblem] = []
        var notes: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
            if ServiceLink.isOne(name, value: value) {
                guard Variable.named(name) != nil else { continue }
                notes.append("\(name) describes a service of that name beside this one (Kubernetes), and is no setting")
            } else if let problem = problem(name, value) {
                problems.append(SettingsProblem(variable: name, message: problem))
            } else if let near = probable(name) {
                problems.append(
                    SettingsProblem(variable: name, message: "there is no such variable; did you mean \(near)?"))
            } else if isStranger(name) {
                notes.append("\(PlainText.short(name)): coxswain knows no such variable; it is passed over")
            } else if name == "COXSWAIN_ENGINE_URL" {
                notes.append("COXSWAIN_ENGINE_URL is set by coxswain itself, and not read: say COXSWAIN_ENGINE instead")
            }
        }
        return (problems, notes)
    }
}

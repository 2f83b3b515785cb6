/// A command line for people to read, and to paste into a shell.
package enum CommandText {
    /// Words with odd characters are quoted, and what follows `--api-key` and the like is not shown.
    package static func readable(_ command: [String]) -> String {
        var hides = false
        return command.map { argument in
            if argument.hasPrefix("-") {
                let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let isSecret = isSecret(parts[0])
                hides = isSecret && parts.count == 1
                return isSecret && parts.count > 1 ? "\(parts[0])=***" : quoted(argument)
            }
            return hides ? "***" : quoted(argument)
        }.joined(separator: " ")
    }

    private static func isSecret(_ option: Substring) -> Bool {
        let name = "-" + option.lowercased().drop { $0 == "-" }.map { $0 == "_" ? "-" : String($0) }.joined()
        return ["-key", "-token", "-secret", "-password"].contains { name.hasSuffix($0) }
    }

    private static func quoted(_ word: String) -> String {
        let plain =
            !word.isEmpty
            && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=,+@%".contains($0)) }
        return plain ? word : "'" + word.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
    }
}

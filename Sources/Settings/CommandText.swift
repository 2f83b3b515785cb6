import VariableCatalog

/// A command line for people to read, and to paste into a shell.
package enum CommandText {
    /// Words with odd characters are quoted, and secrets are not shown.
    package static func readable(_ command: [String]) -> String {
        masked(command).map { $0 == SecretName.mask || $0.hasSuffix("=" + SecretName.mask) ? $0 : quoted($0) }
            .joined(separator: " ")
    }

    /// The same words, but for what follows `--api-key` and the like, and passwords in URLs.
    package static func masked(_ command: [String]) -> [String] {
        var hides = false
        return command.map { argument in
            if argument.hasPrefix("-") {
                let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let isSecret = SecretName.matches(parts[0])
                hides = isSecret && parts.count == 1
                return isSecret && parts.count > 1
                    ? "\(parts[0])=\(SecretName.mask)" : SecretName.withoutCredentials(argument)
            }
            return hides ? SecretName.mask : SecretName.withoutCredentials(argument)
        }
    }

    private static func quoted(_ word: String) -> String {
        let plain =
            !word.isEmpty
            && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=,+@%".contains($0)) }
        return plain ? word : "'" + word.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
    }
}

import APIKeys
import Logging
package import NIOCore

/// Tells the operator how it stands with the keys.
struct KeyReporter: Sendable {
    let logger: Logger

    /// What changes while the api serves.
    func report(_ report: KeyReport) {
        switch report {
        case .read(let change):
            logger.info(
                "the API keys were read again",
                metadata: [
                    "keys": .stringConvertible(change.count), "added": Self.list(change.added),
                    "removed": Self.list(change.removed), "changed": Self.list(change.changed),
                ])
            if change.count == 0 { tellThatNobodyMay() }
        case .kept(let problem):
            logger.error(
                "the API keys changed and cannot be used; those from before stay valid: mend the file",
                metadata: ["error": .string("\(problem)")])
        case .shared(let file):
            logger.warning("the file of API keys can be read by others than its owner: chmod 600 \(file)")
        }
    }

    /// - Parameter address: where the api listens; nil when it is not known.
    func announce(_ keys: KeyKeeper, at address: SocketAddress?) {
        guard keys.isOpen else {
            let labels = keys.keys.keys.map(\.label)
            guard !labels.isEmpty else { return tellThatNobodyMay() }
            return logger.info(
                "requests need an API key", metadata: ["keys": .stringConvertible(labels.count)])
        }
        guard address.map(\.isOfThisMachineOnly) != true else { return }
        logger.warning(
            """
            no API keys are set: whoever reaches \(address?.hostAndPort ?? "the port") may have documents read; set \
            \(KeySources.fileVariable) or \(KeySources.listVariable)
            """)
    }

    private func tellThatNobodyMay() {
        logger.warning("API keys are asked for and there are none: every request but probes is refused")
    }

    private static func list(_ labels: [String]) -> Logger.Metadata.Value {
        // A file of a thousand new ones is told by their number.
        .array((labels.prefix(20) + (labels.count > 20 ? ["…"] : [])).map { .string($0) })
    }
}

extension SocketAddress {
    /// As one would write it into a URL.
    package var hostAndPort: String {
        guard let host = ipAddress, let port else { return "\(self)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Nobody on another machine can connect to it.
    package var isOfThisMachineOnly: Bool {
        // A Unix socket has none.
        guard let text = ipAddress else { return true }
        return text == "::1" || text.hasPrefix("127.") || text.hasPrefix("::ffff:127.")
    }
}

/// Why a URL is not asked, for whoever gave it: what is wrong with the URL itself, and nothing of what lies behind it.
package struct EgressRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// It is no URL of the kind that is asked.
        case form
        /// The list of hosts has others.
        case host
        /// The host has no address that may be connected to. Which one it has, whether somebody listens there, and whether
        /// there is such a name at all, is the same.
        case address
    }

    package var kind: Kind
    /// A sentence without an end mark.
    package var description: String

    init(form reason: String) {
        kind = .form
        description = "the URL is not one that is asked: \(reason)"
    }

    private init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    static let host = EgressRefusal(.host, "its host is not one of those that this server may ask")
    package static let address = EgressRefusal(.address, "its host has no address that this server may connect to")
}

/// What is wrong with a setting.
package struct EgressProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
}

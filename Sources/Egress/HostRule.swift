/// One entry of the list of hosts that may be asked.
struct HostRule: Sendable, Equatable {
    /// In lower case; an IPv6 address without brackets.
    private var name: String
    /// All names below `name`, and not `name` itself.
    private var isBelow: Bool
    /// Nil: the scheme's own.
    private var port: Int?

    /// - Parameter text: `example.com`, `*.example.com`, `example.com:8443`, `[2001:db8::1]:8443`.
    /// - Returns: nil for anything else.
    init?(_ text: some StringProtocol) {
        var rest = text.lowercased()[...]
        isBelow = rest.hasPrefix("*.")
        if isBelow { rest = rest.dropFirst(2) }
        guard let authority = EgressURL.authority(rest) else { return nil }
        port = authority.port
        switch authority.host {
        case .name(let text): name = text
        case .address(let address):
            guard !isBelow else { return nil }
            name = address.description
        }
    }

    func allows(_ url: EgressURL) -> Bool {
        let asked =
            switch url.host {
            case .name(let text): text
            case .address(let address): address.description
            }
        guard url.port == port ?? url.usualPort else { return false }
        return isBelow ? asked.hasSuffix(".\(name)") : asked == name
    }
}

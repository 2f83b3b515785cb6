package import CCurl
import Readable

/// Whom this server asks on somebody else's word, be it for a document or to tell a webhook: hosts on the internet, and
/// nobody beside or behind this server unless its operator says so.
package struct EgressPolicy: Sendable, Equatable {
    /// Empty: every host.
    private let hosts: [HostRule]
    private let networks: [AddressRange]

    /// Names that are not looked up to know where they lead: to the machine itself, or to what its cloud tells about it.
    private static let metadataNames: Set<String> = [
        "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.tencentyun.com",
        "instance-data", "instance-data.ec2.internal",
    ]
    private static let loopbackNames: Set<String> = [
        "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback",
    ]

    /// - Parameters:
    ///   - hosts: the only ones that may be asked: `example.com`, `*.example.com`, `example.com:8443`, with commas or
    ///     white space between them. Without a port the scheme's own is meant.
    ///   - networks: ranges such as `10.20.0.0/16` that may be connected to though they are private or special.
    package init(hosts: String = "", networks: String = "") throws(EgressProblem) {
        var rules: [HostRule] = []
        for entry in Self.entries(hosts) {
            guard let rule = HostRule(entry) else {
                throw EgressProblem(
                    description: "`\(PlainText.short(String(entry)))` is no host: write example.com, *.example.com or "
                        + "example.com:8443")
            }
            rules.append(rule)
        }
        var ranges: [AddressRange] = []
        for entry in Self.entries(networks) {
            guard let range = AddressRange(entry) else {
                throw EgressProblem(
                    description: "`\(PlainText.short(String(entry)))` is no range of addresses: write 10.20.0.0/16 or "
                        + "fd00:20::/32, with zeros behind its length")
            }
            ranges.append(range)
        }
        self.hosts = rules
        self.networks = ranges
    }

    private static func entries(_ text: String) -> [Substring] {
        text.split { $0 == "," || $0.isWhitespace }
    }

    /// Judges a URL before anything of it is looked up.
    ///
    /// - Returns: the URL to ask, in one form whatever the given one was.
    package func checked(_ url: String) throws(EgressRefusal) -> String {
        let url = try EgressURL(url)
        guard hosts.isEmpty || hosts.contains(where: { $0.allows(url) }) else { throw .host }
        switch url.host {
        case .address(let address): guard permits(address) else { throw .address }
        case .name(let name):
            guard let known = Self.knownAddress(name) else { break }
            guard permits(known) else { throw .address }
        }
        return url.text
    }

    private static func knownAddress(_ name: String) -> IPAddress? {
        if loopbackNames.contains(name) || name.hasSuffix(".localhost") { return IPAddress("127.0.0.1") }
        return metadataNames.contains(name) ? IPAddress("169.254.169.254") : nil
    }

    /// Judges an address that a connection is about to go to, whatever led to it: the one answer that a name server cannot
    /// change any more.
    package func mayConnect(_ address: UnsafePointer<sockaddr>) -> Bool {
        guard let address = IPAddress(address), permits(address) else { return false }
        return networks.contains { $0.contains(address) } || !OwnAddresses.contain(address)
    }

    func permits(_ address: IPAddress) -> Bool {
        guard networks.contains(where: { $0.contains(address) }) else { return !SpecialAddresses.contain(address) }
        // A translator that may be used reaches what may be reached, and not its own neighbours.
        return address.embedded.map(permits) ?? true
    }
}

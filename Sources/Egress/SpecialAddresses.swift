import Glibc

/// Addresses that nobody on the internet has, or that mean something else than a host there.
package enum SpecialAddresses {
    /// By IANA's registries of special-purpose addresses (RFC 6890 and its updates), and where clouds keep their machines'
    /// metadata on an address that looks like any other.
    private static let ranges: [AddressRange] = [
        "0.0.0.0/8",  // this host (RFC 791)
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private (RFC 1918)
        "100.64.0.0/10",  // a carrier's own (RFC 6598)
        "127.0.0.0/8",  // loopback
        "168.63.129.16/32",  // Azure's metadata and health service
        "169.254.0.0/16",  // link-local, and the metadata of most clouds
        "192.0.0.0/24",  // protocols' own (RFC 6890)
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation (RFC 5737)
        "192.88.99.0/24",  // relays of 6to4 (RFC 7526)
        "198.18.0.0/15",  // benchmarks (RFC 2544)
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and the broadcast address
        "2001::/23",  // protocols' own, Teredo and ORCHID among them (RFC 2928)
        "2001:db8::/32", "3fff::/20",  // documentation (RFC 3849, 9637)
        "2002::/16",  // 6to4: any IPv4 address (RFC 3056)
        "3ffe::/16",  // the 6bone, given back
    ].compactMap { AddressRange($0) }

    /// What is given out as addresses of hosts so far: all else is refused, unspecified, loopback, mapped, NAT64, ULA,
    /// link-local, site-local and multicast addresses among it.
    private static let global = AddressRange("2000::/3")

    package static func contain(_ address: IPAddress) -> Bool {
        if address.bytes.count == 16, global?.contains(address) != true { return true }
        return ranges.contains { $0.contains(address) }
    }
}

/// The addresses of this machine, or container, itself.
///
/// A public one among them is reached from here without the firewall in front of it.
enum OwnAddresses {
    /// Asked for anew each time: addresses come and go.
    static func contain(_ address: IPAddress) -> Bool {
        var list: UnsafeMutablePointer<ifaddrs>?
        // Where the system does not tell them, the ranges alone decide.
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        var next = list
        while let entry = next {
            if let own = entry.pointee.ifa_addr.flatMap({ IPAddress(UnsafePointer($0)) }), own == address {
                return true
            }
            next = entry.pointee.ifa_next
        }
        return false
    }
}

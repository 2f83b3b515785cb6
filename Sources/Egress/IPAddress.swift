package import CCurl
import Glibc

/// An address of IPv4 or IPv6, without a port.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16, in the network's order.
    package let bytes: [UInt8]

    /// - Returns: nil for any other family.
    package init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            bytes = UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            bytes = UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
    }

    /// Reads `192.0.2.1` and what RFC 4291 (2.2) writes: no zone, no brackets, and no other base, number of parts or
    /// leading zero, which programs read in different ways.
    package init?(_ text: some StringProtocol) {
        // glibc reads IPv4 in no other form than this one; a byte more than the longest has no address in it.
        let text = String(text)
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let isLong = text.utf8.contains(UInt8(ascii: ":"))
        guard inet_pton(isLong ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.bytes = isLong ? bytes : Array(bytes[..<4])
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return ""
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The IPv4 address that packets to this one end at: IPv4-mapped addresses, the well-known NAT64 prefix (RFC 6052)
    /// and 6to4 (RFC 3056).
    var embedded: IPAddress? {
        guard bytes.count == 16 else { return nil }
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { return IPAddress(bytes[12...]) }
        if bytes[..<12] == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] { return IPAddress(bytes[12...]) }
        if bytes[..<2] == [0x20, 0x02] { return IPAddress(bytes[2..<6]) }
        return nil
    }

    private init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }
}

/// A range of addresses as CIDR writes it: `10.0.0.0/8`, `fd00::/8`, a single address.
package struct AddressRange: Sendable, Hashable {
    private let base: IPAddress
    private let bits: Int

    /// - Returns: nil for what is no range, or has bits set behind its length.
    package init?(_ text: some StringProtocol) {
        let sides = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = sides.first, let base = IPAddress(first) else { return nil }
        self.base = base
        let most = base.bytes.count * 8
        guard sides.count == 2 else {
            bits = most
            return
        }
        guard (1...3).contains(sides[1].utf8.count), sides[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let bits = Int(sides[1]), bits <= most
        else { return nil }
        self.bits = bits
        let isClean = base.bytes.indices.allSatisfy { index in
            base.bytes[index] & ~Self.mask(index, bits) == 0
        }
        guard isClean else { return nil }
    }

    /// Never true between the two families.
    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == base.bytes.count
            && base.bytes.indices.allSatisfy { address.bytes[$0] & Self.mask($0, bits) == base.bytes[$0] }
    }

    private static func mask(_ index: Int, _ bits: Int) -> UInt8 {
        let left = min(max(bits - index * 8, 0), 8)
        return left == 0 ? 0 : UInt8.max << (8 - left)
    }
}

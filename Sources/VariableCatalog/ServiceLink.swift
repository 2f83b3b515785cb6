/// Variables that a platform sets for the sake of others: Kubernetes and Docker describe every service beside ours by
/// `NAME_PORT`, `NAME_SERVICE_HOST` and the like. A service called `coxswain`, `coxswain-engine` or `vllm` so gives values to
/// variables that look like settings, and are none.
package enum ServiceLink {
    private static let protocols: Set<Substring> = ["TCP", "UDP", "SCTP"]
    private static let details: Set<Substring> = ["PROTO", "PORT", "ADDR"]

    package static func isOne(_ name: String, value: String) -> Bool {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return false }
        // COXSWAIN_SERVICE_HOST, COXSWAIN_SERVICE_PORT, COXSWAIN_SERVICE_PORT_HTTP.
        if let service = parts.lastIndex(of: "SERVICE"), service > 0, service + 1 < parts.count {
            if parts[service + 1] == "PORT" || parts[service + 1] == "HOST" && service + 2 == parts.count {
                return true
            }
        }
        // COXSWAIN_PORT=tcp://10.0.0.1:8081.
        if parts.last == "PORT", !isDetail(parts) { return isAddress(value) }
        // COXSWAIN_PORT_8081_TCP, COXSWAIN_PORT_8081_TCP_ADDR.
        return isDetail(parts) || endsInProtocol(parts[...])
    }

    private static func isDetail(_ parts: [Substring]) -> Bool {
        parts.last.map(details.contains) == true && endsInProtocol(parts.dropLast())
    }

    private static func endsInProtocol(_ parts: ArraySlice<Substring>) -> Bool {
        guard parts.count >= 4, let last = parts.last, protocols.contains(last) else { return false }
        let (port, number) = (parts[parts.endIndex - 3], parts[parts.endIndex - 2])
        return port == "PORT" && UInt16(number) != nil
    }

    private static func isAddress(_ value: String) -> Bool {
        protocols.contains { value.hasPrefix("\($0.lowercased())://") }
    }
}

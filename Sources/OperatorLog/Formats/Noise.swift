/// Lines that tell an operator nothing, by how they begin: a list of routes at each start, and what a library says of its own
/// leaks at each end. They are kept at level debug.
enum Noise {
    static func contains(_ line: Span<UInt8>, _ start: Int) -> Bool {
        switch line.byte(start) {
        case UInt8(ascii: "R"): line.has("Route: /", at: start)
        case UInt8(ascii: "A"): line.has("Available routes are:", at: start)
        case UInt8(ascii: "n"):
            line.has("nanobind: leaked ", at: start) || line.has("nanobind: this is likely", at: start)
        case UInt8(ascii: "-"):
            line.has("- leaked ", at: start) || line.has("- ... skipped remainder", at: start)
        default: false
        }
    }
}

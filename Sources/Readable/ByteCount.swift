/// Amounts of memory and disk as people read them.
package enum ByteCount {
    /// For example `512 B`, `64 MiB`, `79.6 GiB`: one decimal below a hundred, none that is zero.
    package static func text(_ bytes: some BinaryInteger) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = max(0, Double(bytes))
        var unit = 0
        // 1023.6 of a unit would be written as 1024 of it.
        while value >= 1023.5, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        let text = tenths < 1000 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
        return "\(text) \(units[unit])"
    }
}

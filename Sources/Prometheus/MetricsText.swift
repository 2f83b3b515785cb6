/// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
package enum MetricsText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameter families: each name once.
    package static func text(_ families: some Sequence<MetricFamily>) -> String {
        var text = ""
        for family in families { write(family, to: &text) }
        return text
    }

    private static func write(_ family: MetricFamily, to text: inout String) {
        text += "# HELP \(family.name) "
        escape(family.help, quote: false, to: &text)
        text += "\n# TYPE \(family.name) \(family.kind.rawValue)\n"
        for sample in family.samples {
            text += family.name
            text += sample.suffix
            var separator = "{"
            for label in sample.labels {
                text += "\(separator)\(label.name)=\""
                escape(label.value, quote: true, to: &text)
                text += "\""
                separator = ","
            }
            if !sample.labels.isEmpty { text += "}" }
            text += " \(number(sample.value))\n"
        }
    }

    /// A carriage return is no line break in this format, and some readers take it for one: it becomes a space.
    private static func escape(_ value: String, quote: Bool, to text: inout String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += " "
            case "\"" where quote: text += "\\\""
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// Whole numbers without a fraction, as far as a `Double` holds them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

/// One drawing of a progress bar, as tqdm writes it on a line of its own:
/// `Fetching files:  40%|████      | 2/5 [00:01<00:02,  1.3it/s]`, or as vLLM sets it up,
/// `Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:01<00:03,  1.00s/it]`.
package struct ProgressBar: Sendable, Equatable {
    /// What stands in front; the same for all drawings of one bar. Empty for a bar without a name.
    package var label: String
    /// Share that is done, 0…1.
    package var fraction: Double

    /// Whether the line is a drawing of a progress bar.
    package static func isProgressBar(_ line: String) -> Bool { ProgressBar(line) != nil }

    /// - Returns: nil for any other line.
    package init?(_ line: String) {
        let bytes = Array(line.utf8)
        // From behind: two drawings may share a line, and the later one holds.
        var end = bytes.endIndex
        while let percent = bytes[..<end].lastIndex(of: UInt8(ascii: "%")) {
            if let bar = Self.read(bytes, percent: percent) {
                self = bar
                return
            }
            end = percent
        }
        return nil
    }

    private init(label: String, fraction: Double) {
        self.label = label
        self.fraction = fraction
    }

    private static func read(_ bytes: [UInt8], percent: Int) -> ProgressBar? {
        var start = percent
        while start > 0, isNumeric(bytes[start - 1]) { start -= 1 }
        guard let shown = Double(String(decoding: bytes[start..<percent], as: UTF8.self)),
            let counts = counts(bytes[(percent + 1)...])
        else { return nil }
        return ProgressBar(label: label(bytes[..<start]), fraction: fraction(counts, percent: shown))
    }

    /// What follows the percentage and the bar itself.
    ///
    /// - Returns: the words on both sides of the slash; nil when this is no bar.
    private static func counts(_ rest: ArraySlice<UInt8>) -> (done: ArraySlice<UInt8>, total: ArraySlice<UInt8>)? {
        let bar = UInt8(ascii: "|")
        var rest = rest
        if rest.first == bar {
            rest = rest.dropFirst()
        } else if !rest.starts(with: " Completed |".utf8) {
            return nil
        }
        guard let close = rest.firstIndex(of: bar) else { return nil }
        let words = rest[(close + 1)...].drop { $0 == UInt8(ascii: " ") }
        let word = words.prefix { $0 != UInt8(ascii: " ") }
        guard let first = word.first, isNumeric(first), let slash = word.firstIndex(of: UInt8(ascii: "/")) else {
            return nil
        }
        return (word[..<slash], word[(slash + 1)...])
    }

    /// From the counts, which are finer than the percentage, where both are whole numbers (`1.2G/3.4G` are not).
    private static func fraction(
        _ counts: (done: ArraySlice<UInt8>, total: ArraySlice<UInt8>), percent: Double
    ) -> Double {
        if let done = Int(String(decoding: counts.done, as: UTF8.self)),
            let total = Int(String(decoding: counts.total, as: UTF8.self)), done >= 0, total > 0
        {
            return min(1, Double(done) / Double(total))
        }
        return min(max(percent / 100, 0), 1)
    }

    /// Without the process that vLLM may have put in front, and with what changes from drawing to drawing taken out:
    /// SGLang writes `Capturing batches (bs=8 avail_mem=10.2 GB)`.
    private static func label(_ bytes: ArraySlice<UInt8>) -> String {
        var rest = bytes
        if rest.first == UInt8(ascii: "("), let close = rest.prefix(80).firstIndex(of: UInt8(ascii: ")")),
            rest[..<close].contains(UInt8(ascii: "="))
        {
            rest = rest[(close + 1)...]
        }
        rest = rest.prefix(longestLabel).drop { $0 == UInt8(ascii: " ") }
        while let last = rest.last, last == UInt8(ascii: " ") || last == UInt8(ascii: ":") { rest = rest.dropLast() }
        var label: [UInt8] = []
        var isValue = false
        for byte in rest {
            isValue = byte == UInt8(ascii: "=") || (isValue && isNumeric(byte))
            if !isValue || byte == UInt8(ascii: "=") { label.append(byte) }
        }
        return String(decoding: label, as: UTF8.self)
    }

    private static let longestLabel = 200

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
    }
}

/// How far each of several bars is, in bounded memory.
struct ProgressBars: Sendable {
    private var levels: [String: Double] = [:]
    /// Labels, the one that appeared first in front.
    private var order: [String] = []

    private static let most = 64

    /// How far the bar was; nil when it is new.
    subscript(label: String) -> Double? {
        get { levels[label] }
        set {
            if levels[label] == nil {
                if order.count >= Self.most { levels[order.removeFirst()] = nil }
                order.append(label)
            }
            levels[label] = newValue
        }
    }

    /// Whether it is not the bar that had this label before: that one was complete, or this one is back at nothing. One
    /// that is merely behind may be the same bar of a process beside the first.
    func isAnother(_ bar: ProgressBar) -> Bool {
        guard let last = levels[bar.label], bar.fraction < last else { return false }
        return last == 1 || bar.fraction == 0
    }
}

import FoundationEssentials

/// How long each stage took in the last starts on this volume.
package struct StartHistory: Sendable, Equatable {
    /// Seconds by key of the stage, the oldest start in front.
    private var seconds: [String: [Double]] = [:]

    /// Starts that are remembered.
    package static let depth = 5
    private static let version = 1
    private static let mostStages = 64
    private static let longestKey = 200
    /// Longest text that is read, in bytes.
    private static let longestText = 1 << 16
    private static let longestStage = 86_400.0

    package init() {}

    /// - Parameter text: what `encoded()` gave. Anything else (damaged, from another version) is an empty history: then
    ///   the defaults hold again.
    package init(decoding text: String) {
        guard text.utf8.count <= Self.longestText,
            let file = try? JSONDecoder().decode(File.self, from: Data(text.utf8)), file.version == Self.version,
            file.seconds.count <= Self.mostStages
        else { return }
        for (key, values) in file.seconds where key.utf8.count <= Self.longestKey {
            let usable = values.suffix(Self.depth).filter { (0...Self.longestStage).contains($0) }
            if !usable.isEmpty { seconds[key] = usable }
        }
    }

    /// One line of JSON, the same for equal histories.
    package func encoded() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? encoder.encode(File(version: Self.version, seconds: seconds))
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private struct File: Codable {
        var version: Int
        var seconds: [String: [Double]]
    }

    /// Adds one start that succeeded.
    ///
    /// - Parameter stages: what `StartEstimate.measured` tells; a stage that was skipped took no time.
    package mutating func record(_ stages: [(key: String, took: Duration)]) {
        for stage in stages where stage.key.utf8.count <= Self.longestKey {
            // Milliseconds are as fine as anybody needs.
            let took = (min(max(0, stage.took.inSeconds), Self.longestStage) * 1000).rounded() / 1000
            seconds[stage.key] = ((seconds[stage.key] ?? []) + [took]).suffix(Self.depth)
        }
        guard seconds.count > Self.mostStages else { return }
        // Stages of services that are no longer started make room.
        let current = Set(stages.map(\.key))
        for key in seconds.keys.sorted() where seconds.count > Self.mostStages && !current.contains(key) {
            seconds[key] = nil
        }
        for key in seconds.keys.sorted() where seconds.count > Self.mostStages { seconds[key] = nil }
    }

    /// The median of what the stage took; nil for one that was never measured.
    package func expected(_ key: String) -> Duration? {
        guard let sorted = seconds[key]?.sorted(), !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return Duration(
            inSeconds: sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2)
    }
}

extension Duration {
    /// By division: `components` traps beyond 2⁶³ seconds.
    var inSeconds: Double { self / .seconds(1) }

    /// To the millisecond, rounded up, and at most a year: `Duration` traps on what it cannot hold.
    init(inSeconds seconds: Double) {
        let bounded = seconds.isNaN ? 0 : min(max(0, seconds), 31_536_000)
        // What a binary fraction is above a whole millisecond is not rounded up to the next.
        self = .milliseconds(Int64((bounded * 1000 - 1e-6).rounded(.up)))
    }
}

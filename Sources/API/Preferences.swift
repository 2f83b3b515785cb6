/// What a client says it would like, each with a quality from 0 to 1: `Accept` and `Accept-Encoding` (RFC 9110 §12.5). What
/// cannot be read is passed over.
package struct Preferences: Sendable, Equatable {
    private struct Item: Sendable, Equatable {
        /// In lower case, without parameters: `text/*`, `gzip`.
        var name: Substring
        var quality: Double
    }

    private var items: [Item] = []

    /// More than anybody means.
    private static let most = 64

    /// - Parameter field: a field's value; nil where there is none.
    package init(_ field: String?) {
        for part in (field ?? "").lowercased().split(separator: ",").prefix(Self.most) {
            let pieces = part.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
            guard let name = pieces.first, !name.isEmpty else { continue }
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            guard let quality = weight.map({ Double($0) }) ?? 1, (0...1).contains(quality) else { continue }
            items.append(Item(name: name, quality: quality))
        }
    }

    /// Nothing was said, so anything will do.
    package var isEmpty: Bool { items.isEmpty }

    /// How much a media type is liked: what names it counts before what names its kind, and that before `*/*`.
    package func quality(ofType type: String) -> Double {
        if isEmpty { return 1 }
        let kind = type.prefix { $0 != "/" } + "/*"
        return quality(of: type[...]) ?? quality(of: kind) ?? quality(of: "*/*") ?? quality(of: "*") ?? 0
    }

    /// How much a coding is liked; one that is not named is not asked for.
    package func quality(ofCoding coding: String) -> Double { quality(of: coding[...]) ?? quality(of: "*") ?? 0 }

    /// The type that is liked best, and of those the first; nil where none will do.
    package func best(of types: [String]) -> Int? {
        let qualities = types.map { quality(ofType: $0) }
        guard let best = qualities.max(), best > 0 else { return nil }
        return qualities.firstIndex(of: best)
    }

    private func quality(of name: Substring) -> Double? { items.filter { $0.name == name }.map(\.quality).max() }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

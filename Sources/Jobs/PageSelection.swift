/// Which pages of a document are wanted, as people write it: `1-5,8,-1`.
///
/// Parts are separated by commas. A part is a page, a range with both its ends, or a range without its second end, which
/// goes on to the last page. Pages count from 1; a negative number counts from the end, so that `-1` is the last page
/// and `-3-` the last three. The order of the parts does not matter, and a page that is named twice is read once.
package struct PageSelection: Sendable, Equatable {
    private struct Part: Sendable, Equatable {
        var text: String
        var first: Int
        /// Equal to `first` for a single page.
        var last: Int
    }

    private let parts: [Part]

    /// Bytes that a selection may have.
    package static let maximumLength = 1000
    /// More than any document has pages; and far from where numbers end.
    private static let maximumDigits = 9

    package init(_ text: String) throws(PageSelectionError) {
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong(limit: Self.maximumLength) }
        guard text.utf8.contains(where: { $0 != UInt8(ascii: " ") }) else { throw .empty }
        var parts: [Part] = []
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            parts.append(try Self.parse(part))
        }
        self.parts = parts
    }

    /// - Parameter count: the document's number of pages.
    package func pages(of count: Int) throws(PageSelectionError) -> PageSet {
        var ranges: [ClosedRange<Int>] = []
        for part in parts {
            let first = part.first < 0 ? count + 1 + part.first : part.first
            let last = part.last < 0 ? count + 1 + part.last : part.last
            guard (1...max(1, count)).contains(first), (1...max(1, count)).contains(last), count > 0 else {
                throw .beyond(part: part.text, pages: count)
            }
            guard first <= last else { throw .reversed(part: part.text) }
            ranges.append(first...last)
        }
        return PageSet(ranges)
    }

    private static func parse(_ bytes: Substring.UTF8View.SubSequence) throws(PageSelectionError) -> Part {
        var rest = bytes.drop { $0 == UInt8(ascii: " ") }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        let text = String(decoding: rest, as: UTF8.self)
        let first = try takePage(&rest, of: text)
        var last = first
        if rest.popFirst() != nil {
            // A page ends where the digits do, so what follows is no digit; and here it must be the dash.
            guard text.utf8.dropLast(rest.count).last == UInt8(ascii: "-") else { throw .malformed(part: text) }
            last = rest.isEmpty ? -1 : try takePage(&rest, of: text)
            guard rest.isEmpty else { throw .malformed(part: text) }
        }
        // What is reversed in every document; other ranges show it when its length is known.
        if (first < 0) == (last < 0), first > last { throw .reversed(part: text) }
        return Part(text: text, first: first, last: last)
    }

    private static func takePage(
        _ rest: inout Substring.UTF8View.SubSequence, of text: String
    ) throws(PageSelectionError) -> Int {
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty else { throw .malformed(part: text) }
        guard digits.count <= maximumDigits else { throw .tooLarge(part: text) }
        rest = rest.dropFirst(digits.count)
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard number > 0 else { throw .zero(part: text) }
        return isNegative ? -number : number
    }
}

/// What is wrong with a selection of pages. `part` is what stands between two commas, as the client wrote it.
package enum PageSelectionError: Error, Sendable, Equatable, CustomStringConvertible {
    case empty
    /// Bytes.
    case tooLong(limit: Int)
    case malformed(part: String)
    case zero(part: String)
    case tooLarge(part: String)
    /// It ends before it begins.
    case reversed(part: String)
    /// The document has fewer pages.
    case beyond(part: String, pages: Int)

    package var description: String {
        switch self {
        case .empty: "\"pages\" is empty; leave it out for the whole document, or write for example 1-5,8,-1."
        case .tooLong(let limit): "\"pages\" is longer than \(limit) bytes."
        case .malformed(""): "\"pages\" has nothing between two commas; write for example 1-5,8,-1."
        case .malformed(let part):
            "\"pages\": \"\(Self.shortened(part))\" is neither a page nor a range; write for example 1-5,8,-1."
        case .zero(let part): "\"pages\": \"\(Self.shortened(part))\" names page 0; pages count from 1."
        case .tooLarge(let part): "\"pages\": \"\(Self.shortened(part))\" has too large a number."
        case .reversed(let part): "\"pages\": \"\(Self.shortened(part))\" ends before it begins."
        case .beyond(let part, let pages):
            "\"pages\": \"\(Self.shortened(part))\" is not in the document, which has "
                + (pages == 1 ? "1 page." : pages == 0 ? "no pages." : "\(pages) pages.")
        }
    }

    private static func shortened(_ part: String) -> String {
        part.count > 40 ? "\(part.prefix(40))…" : part
    }
}

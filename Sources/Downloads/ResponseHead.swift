/// The status and header of an answer: what of it decides about a download.
package struct ResponseHead: Sendable, Equatable {
    package var status = 0
    /// By lower-case name; of fields that come twice the last, as those that are read here may not.
    private(set) var fields: [String: String] = [:]

    package init() {}

    /// Takes a line of the header as it came, status lines too. A new status line begins a new answer: an interim one was
    /// before it.
    package mutating func take(_ line: some StringProtocol) {
        let line = trimmed(line)
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ")
            self = ResponseHead()
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        } else if let colon = line.firstIndex(of: ":") {
            // More than any host needs; libcurl bounds the bytes.
            guard fields.count < 200 else { return }
            fields[line[..<colon].lowercased()] = trimmed(line[line.index(after: colon)...])
        }
    }

    private func trimmed(_ text: some StringProtocol) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }

    package subscript(name: String) -> String? { fields[name] }

    package var contentLength: Int64? { fields["content-length"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil } }
    package var isChunked: Bool { fields["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true }

    /// Whether the bytes are the file's own. They are never asked for in another form.
    package var isEncoded: Bool {
        switch fields["content-encoding"]?.lowercased() {
        case nil, "", "identity": false
        default: true
        }
    }

    package var etag: String? { fields["etag"] }

    /// What `If-Range` may be given: it says that two answers have the same bytes, each of them. A weak tag does not, nor
    /// does a date that is not older than the answer (RFC 9110, 8.8.2.2 and 13.1.5).
    package var validator: String? {
        if let etag { return etag.hasPrefix("\"") && etag.count > 2 && etag.hasSuffix("\"") ? etag : nil }
        guard let text = fields["last-modified"], let modified = HTTPDate.seconds(text),
            let date = fields["date"].flatMap(HTTPDate.seconds), modified < date
        else { return nil }
        return text
    }

    /// Whether this is another file than the one that had `validator`, as far as it says.
    package func differs(from validator: String) -> Bool {
        validator.hasPrefix("\"")
            ? etag.map { $0.hasPrefix("\"") && $0 != validator } ?? false
            : fields["last-modified"].map { $0 != validator } ?? false
    }

    /// How long the host asks to be left alone.
    ///
    /// - Parameter now: seconds since 1970, for a date where the host does not say its own time.
    package func retryAfter(now: Int64) -> Duration? {
        guard let text = fields["retry-after"] else { return nil }
        if let seconds = Int64(text) { return .seconds(max(0, seconds)) }
        guard let then = HTTPDate.seconds(text) else { return nil }
        // By its own clock, ours may be wrong.
        return .seconds(max(0, then - (fields["date"].flatMap(HTTPDate.seconds) ?? now)))
    }
}

/// `bytes 0-99/1234` (RFC 9110, 14.4).
package struct ContentRange: Sendable, Equatable {
    /// Nil in an answer that has none of the bytes (416).
    package var first: Int64?
    package var last: Int64?
    package var total: Int64?

    /// - Returns: nil for what does not keep to the form, or contradicts itself.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let sides = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        if sides[1] != "*" {
            guard let total = Self.number(sides[1]) else { return nil }
            self.total = total
        }
        guard sides[0] != "*" else { return }
        let ends = sides[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < total ?? .max
        else { return nil }
        self.first = first
        self.last = last
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }
}

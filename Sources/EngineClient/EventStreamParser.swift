/// Takes a stream of server-sent events apart as its bytes come (WHATWG HTML, "Server-sent events").
///
/// Lines end with LF, CRLF or CR, and bytes may be cut anywhere. Of an event only the data is kept: chat completions use
/// neither names nor ids, and a comment says nothing but that the connection stands. An event that is not ended by a
/// blank line is none. Pure.
package struct EventStreamParser: Sendable {
    /// An event beyond the limit.
    package struct TooLarge: Error, Sendable {}

    /// Most bytes of one event that are kept.
    let limit: Int
    private var line: [UInt8] = []
    /// The data lines of the event so far; nil before the first.
    private var data: [UInt8]?
    private var endedWithCarriageReturn = false

    package init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: the data of each event that these bytes complete.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) throws(TooLarge) -> [[UInt8]] {
        var events: [[UInt8]] = []
        var rest = bytes[...]
        if endedWithCarriageReturn, rest.first == UInt8(ascii: "\n") { rest = rest.dropFirst() }
        if !bytes.isEmpty { endedWithCarriageReturn = false }
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            try append(rest[..<end])
            endLine(&events)
            let isCarriageReturn = rest[end] == UInt8(ascii: "\r")
            rest = rest[(end + 1)...]
            guard isCarriageReturn else { continue }
            if rest.isEmpty {
                endedWithCarriageReturn = true
            } else if rest.first == UInt8(ascii: "\n") {
                rest = rest.dropFirst()
            }
        }
        try append(rest)
        return events
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) throws(TooLarge) {
        guard bytes.count <= limit - line.count - (data?.count ?? 0) else { throw TooLarge() }
        line.append(contentsOf: bytes)
    }

    private mutating func endLine(_ events: inout [[UInt8]]) {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            if let data { events.append(data) }
            data = nil
            return
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        guard line[..<colon].elementsEqual("data".utf8) else { return }
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if data == nil { data = Array(value) } else { data?.append(contentsOf: [UInt8(ascii: "\n")] + value) }
    }
}

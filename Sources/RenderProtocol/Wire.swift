/// Bytes that do not make a message.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Appends fixed-width little-endian fields.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ value: Double) {
        write(value.bitPattern)
    }

    /// A UInt32 count, then the bytes.
    mutating func write(counted value: some Collection<UInt8>) {
        write(UInt32(clamping: value.count))
        bytes.append(contentsOf: value)
    }

    mutating func reserve(_ count: Int) {
        bytes.reserveCapacity(count)
    }
}

/// Takes fixed-width little-endian fields off the front; never reads past the end, whatever the counts claim.
struct WireReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(WireError) -> T {
        let width = T.bitWidth / 8
        guard remaining >= width else { throw WireError("a message ends inside a field of \(width) bytes") }
        var value: T = 0
        withUnsafeMutableBytes(of: &value) { field in
            for offset in 0..<width { field[offset] = bytes[position + offset] }
        }
        position += width
        return T(littleEndian: value)
    }

    /// A number that is neither infinite nor NaN.
    mutating func double() throws(WireError) -> Double {
        let value = Double(bitPattern: try integer(UInt64.self))
        guard value.isFinite else { throw WireError("a message holds a number that is not finite") }
        return value
    }

    mutating func counted(atMost limit: Int) throws(WireError) -> ArraySlice<UInt8> {
        let count = Int(try integer(UInt32.self))
        guard count <= limit else { throw WireError("a field claims \(count) bytes, more than the \(limit) allowed") }
        guard count <= remaining else { throw WireError("a field claims \(count) bytes where \(remaining) are left") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func string(atMost limit: Int) throws(WireError) -> String {
        guard let value = String(validating: try counted(atMost: limit), as: UTF8.self) else {
            throw WireError("a text field is not UTF-8")
        }
        return value
    }

    mutating func enumeration<T: RawRepresentable<UInt8>>(_ type: T.Type) throws(WireError) -> T {
        let raw = try integer(UInt8.self)
        guard let value = T(rawValue: raw) else { throw WireError("\(raw) is no \(T.self)") }
        return value
    }

    func end() throws(WireError) {
        guard remaining == 0 else { throw WireError("\(remaining) bytes follow a message") }
    }
}

/// A zlib stream (RFC 1950, RFC 1951) that unpacks to far more than it is: runs of zeros cost two bits for 258 bytes, the most
/// that the format has to give, 1032 : 1. All else is stored as it is. What it makes of zeros is mostly zeros again, so that a
/// second round packs them once more.
enum Deflate {
    enum Part {
        case bytes([UInt8])
        case zeros(Int)
    }

    static func pack(_ parts: [Part]) -> [UInt8] {
        var bits = BitWriter()
        for part in parts {
            switch part {
            case .bytes(let bytes): stored(bytes, into: &bits)
            case .zeros(let count): zeros(count, into: &bits)
            }
        }
        // An empty stored block is the last.
        stored([], final: true, into: &bits)
        let checksum = adler(of: parts)
        return [0x78, 0xDA] + bits.bytes + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) }
    }

    /// Packs what is packed already, zeros with two bits a run.
    static func repack(_ packed: [UInt8]) -> [UInt8] {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var index = 0
        while index < packed.count {
            let end = packed[index...].firstIndex { $0 != 0 } ?? packed.count
            if end - index >= 1024 {
                parts += [.bytes(literal), .zeros(end - index)]
                literal = []
                index = end
            } else {
                literal += packed[index..<max(end, index + 1)]
                index = max(end, index + 1)
            }
        }
        return pack(parts + [.bytes(literal)])
    }

    private static func stored(_ bytes: [UInt8], final: Bool = false, into bits: inout BitWriter) {
        var rest = bytes[...]
        repeat {
            let chunk = rest.prefix(65535)
            rest = rest.dropFirst(65535)
            bits.write(final && rest.isEmpty ? 1 : 0, 1)
            bits.write(0, 2)
            bits.align()
            bits.write(UInt32(chunk.count), 16)
            bits.write(~UInt32(chunk.count) & 0xFFFF, 16)
            bits.append(chunk)
        } while !rest.isEmpty
    }

    /// One block of dynamic codes: `0` a match of 258 bytes, `10` a zero, `11` the end; distances have one code, `0`, of one.
    private static func zeros(_ count: Int, into bits: inout BitWriter) {
        guard count > 0 else { return }
        bits.write(0, 1)
        bits.write(2, 2)
        bits.write(29, 5)
        bits.write(0, 5)
        bits.write(14, 4)
        // Lengths of the codes for code lengths, in the format's order: 18 has one bit, 2 and 1 have two.
        for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] { bits.write(UInt32(length), 3) }
        func length(_ code: UInt32) { bits.writeCode(code == 1 ? 0b10 : 0b11, 2) }
        func unused(_ count: UInt32) {
            bits.writeCode(0, 1)
            bits.write(count - 11, 7)
        }
        length(2)
        unused(138)
        unused(117)
        length(2)
        unused(28)
        length(1)
        length(1)
        let (runs, rest) = (count - 1).quotientAndRemainder(dividingBy: 258)
        for _ in 0...rest { bits.writeCode(0b10, 2) }
        for _ in 0..<runs { bits.write(0, 2) }
        bits.writeCode(0b11, 2)
    }

    private static func adler(of parts: [Part]) -> UInt32 {
        var (a, b): (UInt64, UInt64) = (1, 0)
        for part in parts {
            switch part {
            case .bytes(let bytes):
                for byte in bytes {
                    a = (a + UInt64(byte)) % 65521
                    b = (b + a) % 65521
                }
            case .zeros(let count): b = (b + UInt64(count) % 65521 * a) % 65521
            }
        }
        return UInt32(b << 16 | a)
    }
}

/// Bits, the lowest of a byte first.
private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var count = 0

    mutating func write(_ value: UInt32, _ width: Int) {
        pending |= UInt64(value) << UInt64(count)
        count += width
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    /// Huffman codes come highest bit first.
    mutating func writeCode(_ code: UInt32, _ width: Int) {
        for bit in (0..<width).reversed() { write(code >> UInt32(bit) & 1, 1) }
    }

    mutating func align() {
        if count > 0 { write(0, 8 - count) }
    }

    /// When aligned.
    mutating func append(_ more: ArraySlice<UInt8>) {
        bytes += more
    }
}

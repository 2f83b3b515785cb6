extension HostileDocument {
    /// Pictures whose headers claim, or whose bytes hold, more than they look like.
    static let pictures = [
        HostileDocument("a PNG of 60,000 × 60,000 in colour, all of it there", .refusal) {
            png(60_000, 60_000, bits: 8, colour: 6, rows: flate(60_000 * 240_001))
        },
        HostileDocument("a PNG of 20,000 × 20,000 bits, all of it there", .either) {
            png(20_000, 20_000, bits: 1, colour: 0, rows: flate(20_000 * 2501))
        },
        HostileDocument("an interlaced PNG of 12,000 × 12,000, cut off at once", .either) {
            png(12_000, 12_000, bits: 8, colour: 0, interlaced: true, rows: flate(1000))
        },
        HostileDocument("a PNG whose sides are the largest numbers", .refusal) {
            png(0x7FFF_FFFF, 0x7FFF_FFFF, bits: 16, colour: 2, rows: [])
        },
        HostileDocument("a PNG with a colour profile of a gigabyte", .either) {
            png(9, 9, bits: 8, colour: 2, more: chunk("iCCP", [0x61, 0, 0] + flate(1 << 30)), rows: flate(252))
        },
        HostileDocument("a PNG with a gigabyte of text", .either) {
            png(9, 9, bits: 8, colour: 2, more: chunk("zTXt", [0x61, 0, 0] + flate(1 << 30)), rows: flate(252))
        },
        HostileDocument("a TIFF whose sides are the largest numbers", .refusal) {
            tiff([
                (256, 4, 0x7FFF_FFFF), (257, 4, 0x7FFF_FFFF), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
                (279, 4, 8),
            ])
        },
        HostileDocument("a TIFF of 20,000 × 20,000 bits in some kilobytes", .either) {
            let rows = flate(20_000 * 2500)
            return tiff(
                [
                    (256, 4, 20_000), (257, 4, 20_000), (258, 3, 1), (259, 3, 8), (262, 3, 0), (273, 4, 150),
                    (277, 3, 1),
                    (278, 4, 20_000), (279, 4, UInt32(rows.count)),
                ], data: rows, at: 150)
        },
        HostileDocument("a TIFF with a strip of 4 gigabytes", .refusal) {
            tiff(
                [
                    (256, 4, 1000), (257, 4, 1000), (258, 3, 8), (259, 3, 5), (262, 3, 1), (273, 4, 8), (277, 3, 1),
                    (278, 4, 0xFFFF_FFFF), (279, 4, 0xFFFF_FFFF),
                ])
        },
        HostileDocument("a TIFF with 65,535 samples a pixel", .refusal) {
            tiff(
                [
                    (256, 4, 60_000), (257, 4, 60_000), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 8),
                    (277, 3, 65535),
                    (278, 4, 60_000), (279, 4, 8),
                ])
        },
        HostileDocument("a GIF whose screen has 65,535 × 65,535 pixels", .refusal) {
            Array("GIF89a".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
                + [0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 8, 1, 0, 0, 0x3B]
        },
        HostileDocument("a GIF whose picture is larger than its screen", .refusal) {
            Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
                + [0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 8, 1, 0, 0, 0x3B]
        },
        HostileDocument("a WebP of 16,384 × 16,384 in 20 bytes", .refusal) {
            let data: [UInt8] = [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0x88, 0x88, 0x08, 0, 0]
            return Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8L".utf8) + [10, 0, 0, 0] + data
        },
        HostileDocument("a WebP whose canvas has 16 million pixels a side", .refusal) {
            Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8)
                + [10, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        },
        HostileDocument("a BMP of 30,000 × 30,000, run-length encoded", .refusal) {
            bmp(30_000, 30_000, bits: 8, compression: 1)
        },
        HostileDocument("a BMP whose sides are the largest numbers", .refusal) {
            bmp(0x7FFF_FFFF, 0x8000_0000, bits: 24, compression: 0)
        },
        HostileDocument("a JPEG of 65,500 × 65,500, cut off at once", .either) {
            jpeg(65_500, 65_500, progressive: false, scans: 1)
        },
        HostileDocument("a progressive JPEG of 65,500 × 65,500", .refusal) {
            jpeg(65_500, 65_500, progressive: true, scans: 1)
        },
        HostileDocument("a progressive JPEG that is drawn over 20,000 times", .either) {
            jpeg(6000, 6000, progressive: true, scans: 20_000)
        },
    ]
}

private func flate(_ count: Int) -> [UInt8] {
    Deflate.pack([.zeros(count)])
}

/// Highest byte first.
private func big(_ value: UInt32, bytes: Int = 4) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (bytes - 1 - $0))) }
}

private func little(_ value: UInt32, bytes: Int = 4) -> [UInt8] {
    big(value, bytes: bytes).reversed()
}

// MARK: - PNG (ISO/IEC 15948)

private func png(
    _ width: UInt32, _ height: UInt32, bits: UInt8, colour: UInt8, interlaced: Bool = false, more: [UInt8] = [],
    rows: [UInt8]
) -> [UInt8] {
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        + chunk("IHDR", big(width) + big(height) + [bits, colour, 0, 0, interlaced ? 1 : 0]) + more
        + chunk("IDAT", rows) + chunk("IEND", [])
}

private func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return big(UInt32(data.count)) + body + big(checksum(body))
}

/// CRC-32.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { value, byte in
        (0..<8).reduce(value ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}

// MARK: - Others

/// One directory of tags, types and values, at 8.
private func tiff(_ entries: [(tag: UInt32, type: UInt32, value: UInt32)], data: [UInt8] = [], at place: Int = 8)
    -> [UInt8]
{
    var bytes: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0] + little(UInt32(entries.count), bytes: 2)
    for entry in entries {
        bytes += little(entry.tag, bytes: 2) + little(entry.type, bytes: 2) + little(1) + little(entry.value)
    }
    bytes += [0, 0, 0, 0]
    return bytes + [UInt8](repeating: 0, count: max(0, place - bytes.count)) + data
}

private func bmp(_ width: UInt32, _ height: UInt32, bits: UInt32, compression: UInt32) -> [UInt8] {
    let header = little(40) + little(width) + little(height) + [1, 0] + little(bits, bytes: 2) + little(compression)
    return Array("BM".utf8) + little(100) + little(0) + little(54) + header + [UInt8](repeating: 0, count: 20)
        + [255, 1, 0, 1]
}

/// Grey; its one Huffman table knows one code, so that any bits are some picture.
private func jpeg(_ width: UInt32, _ height: UInt32, progressive: Bool, scans: Int) -> [UInt8] {
    let quantisation: [UInt8] = [0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
    let frame =
        [0xFF, progressive ? 0xC2 : 0xC0, 0, 11, 8] + big(height, bytes: 2) + big(width, bytes: 2) + [1, 1, 0x11, 0]
    let tables = [0x00, 0x10].flatMap { [0xFF, 0xC4, 0, 20, $0, 1] + [UInt8](repeating: 0, count: 15) + [0] }
    // A progressive file's first scan has the mean of each block; those after it, for want of data, change nothing.
    let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, progressive ? 0 : 63, 0, 0x55]
    return [0xFF, 0xD8] + quantisation + frame + tables + [[UInt8]](repeating: scan, count: scans).flatMap { $0 } + [
        0xFF, 0xD9,
    ]
}

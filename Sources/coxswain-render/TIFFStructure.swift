/// The image directories of a TIFF file, or of the EXIF block in a JPEG, which has the same structure (TIFF 6.0 §2).
struct TIFFStructure {
    struct Directory {
        var width = 0
        var height = 0
        var bitsPerSample = 1
        var samplesPerPixel = 1
        var orientation = 1
        /// Where the file holds the orientation, a number of two bytes.
        var orientationOffset: Int?
        var isThumbnail = false
    }

    /// leptonica goes no further.
    static let directoriesLimit = 3000

    private(set) var directories: [Directory] = []
    private let bytes: UnsafeRawBufferPointer
    let bigEndian: Bool

    /// - Parameter bytes: any bytes at all; reading stops where they stop making sense.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8, bytes[0] == bytes[1], bytes[0] == 0x49 || bytes[0] == 0x4D else { return nil }
        self.bytes = bytes
        bigEndian = bytes[0] == 0x4D
        guard short(at: 2) == 42, var offset = long(at: 4) else { return nil }
        // Directories form a list, and a hostile list may be a ring: the limit ends it.
        while offset != 0, directories.count < Self.directoriesLimit, let count = short(at: offset) {
            var directory = Directory()
            for entry in 0..<count { read(entryAt: offset + 2 + 12 * entry, into: &directory) }
            directories.append(directory)
            guard let next = long(at: offset + 2 + 12 * count) else { break }
            offset = next
        }
    }

    private func read(entryAt offset: Int, into directory: inout Directory) {
        guard let tag = short(at: offset), let type = short(at: offset + 2), let count = long(at: offset + 4) else {
            return
        }
        let value: Int?
        switch type {
        case 3: value = short(at: count > 2 ? long(at: offset + 8) ?? -1 : offset + 8)
        case 4: value = long(at: count > 1 ? long(at: offset + 8) ?? -1 : offset + 8)
        default: value = nil
        }
        guard let value else { return }
        switch tag {
        case 254: directory.isThumbnail = value & 1 == 1
        case 256: directory.width = value
        case 257: directory.height = value
        case 258: directory.bitsPerSample = value
        case 274 where type == 3 && count == 1 && (1...8).contains(value):
            directory.orientation = value
            directory.orientationOffset = offset + 8
        case 277: directory.samplesPerPixel = value
        default: break
        }
    }

    private func short(at offset: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - 2 else { return nil }
        let (first, second) = (Int(bytes[offset]), Int(bytes[offset + 1]))
        return bigEndian ? first << 8 | second : second << 8 | first
    }

    private func long(at offset: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - 4, let low = short(at: offset), let high = short(at: offset + 2)
        else {
            return nil
        }
        return bigEndian ? low << 16 | high : high << 16 | low
    }
}

/// The orientation that a camera noted in a JPEG: 1…8, 1 where it noted none.
func exifOrientation(ofJPEG bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 2
    // Segments of a marker and a length follow one another until the scan begins.
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
        let marker = bytes[offset + 1]
        if marker == 0xFF {
            offset += 1
            continue
        }
        let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
        guard marker != 0xDA, marker != 0xD9, length >= 2, offset + 2 + length <= bytes.count else { return 1 }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[offset + 4..<offset + 2 + length])
        let header: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]
        if marker == 0xE1, payload.starts(with: header) {
            let structure = TIFFStructure(UnsafeRawBufferPointer(rebasing: payload.dropFirst(header.count)))
            return structure?.directories.first?.orientation ?? 1
        }
        offset += 2 + length
    }
    return 1
}

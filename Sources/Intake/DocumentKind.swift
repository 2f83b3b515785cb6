/// What a file is, found out from its first bytes; its name and declared type do not count.
package enum DocumentKind: String, Sendable, CaseIterable {
    case pdf, png, jpeg, tiff, webp

    package var isPicture: Bool { self != .pdf }

    /// Bytes that ``sniff(_:)`` looks at: readers accept a PDF whose header stands anywhere in the first 1024 bytes
    /// (ISO 32000-1, implementation note 13).
    package static let prefixLength = 1024

    /// - Parameter prefix: the first ``prefixLength`` bytes, or the whole file when it is shorter.
    /// - Returns: nil for everything that the renderer does not read.
    package static func sniff(_ prefix: some Collection<UInt8>) -> DocumentKind? {
        let bytes = Array(prefix.prefix(prefixLength))
        func begins(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            bytes.dropFirst(offset).starts(with: signature)
        }
        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if begins([0xFF, 0xD8, 0xFF]) { return .jpeg }
        // Byte order, then 42 for TIFF or 43 for BigTIFF.
        for magic: UInt8 in [42, 43] where begins([0x49, 0x49, magic, 0]) || begins([0x4D, 0x4D, 0, magic]) {
            return .tiff
        }
        if begins(Array("RIFF".utf8)), begins(Array("WEBP".utf8), at: 8) { return .webp }
        let header = Array("%PDF-".utf8)
        for start in bytes.indices where bytes[start] == header[0] && begins(header, at: start) { return .pdf }
        return nil
    }
}

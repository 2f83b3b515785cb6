/// Kinds of picture that are drawn.
enum PictureFormat {
    case bmp
    case gif
    case jpeg
    case png
    case tiff
    case webp

    /// - Parameter start: the first bytes of a file.
    init?(start: [UInt8]) {
        func holds(_ bytes: [UInt8], at offset: Int = 0) -> Bool {
            start.count >= offset + bytes.count && start[offset..<offset + bytes.count].elementsEqual(bytes)
        }
        func holds(_ text: String, at offset: Int = 0) -> Bool {
            holds(Array(text.utf8), at: offset)
        }
        if holds([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if holds([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if holds([0x49, 0x49, 42, 0]) || holds([0x4D, 0x4D, 0, 42]) {
            self = .tiff
        } else if holds("RIFF"), holds("WEBP", at: 8) {
            self = .webp
        } else if holds("GIF87a") || holds("GIF89a") {
            self = .gif
        } else if holds("BM"), start.count >= 26, [12, 40, 52, 56, 64, 108, 124].contains(start[14]),
            holds([0, 0, 0], at: 15)
        {
            // Two letters prove little; the length of the header that follows them is one of a few.
            self = .bmp
        } else {
            return nil
        }
    }
}

/// One picture of a file, as its header has it.
struct PictureFrame {
    /// Pixels as they are stored.
    var width: Int
    var height: Int
    /// Bits a pixel while decoded: 1…32.
    var depth: Int
    /// Position in the file, thumbnails counted.
    var index = 0
    /// How the stored pixels are to be turned, as in EXIF and TIFF: 1 not at all, …, 8.
    var orientation = 1
    /// Coefficients are all in memory while a progressive JPEG is decoded.
    var progressive = false

    /// Pixels as they are seen.
    var upright: (width: Int, height: Int) {
        orientation >= 5 ? (height, width) : (width, height)
    }
}

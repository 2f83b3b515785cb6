import CTesseract

/// A decoded picture, owned by whoever holds it.
struct Picture: ~Copyable {
    /// What is said before anything is decoded.
    struct Header: Sendable, Equatable {
        var width: Int
        var height: Int
    }

    /// Pixels of an A4 page at about 700 dpi; in memory 200 MB in colour, as much again while Tesseract works.
    static let maximumPixels = 50_000_000
    /// Tesseract keeps coordinates in 16 bits.
    static let maximumSide = 32_000
    /// What a page is taken for when the picture does not say, in dots per inch.
    static let defaultResolution = 300
    /// Resolutions beyond these are taken for unset: 72 and 96 are what programs write that do not know, and characters
    /// of a page at less than 70 dpi could not be read at all.
    private static let plausibleResolutions = 100...2400

    let pointer: UnsafeMutablePointer<Pix>
    /// In dots per inch.
    let resolution: Int

    /// Decodes a PNG or JPEG.
    ///
    /// - Throws: 400 for what is neither, is damaged, or is too small or too large.
    init(_ bytes: [UInt8]) throws(ProblemReport) {
        try Self.check(bytes)
        guard let pointer = pixReadMem(bytes, bytes.count) else {
            throw Self.refusal("the image is damaged: it cannot be decoded", "invalid_image")
        }
        self.pointer = pointer
        let stated = Int(pixGetXRes(pointer))
        resolution = Self.plausibleResolutions.contains(stated) ? stated : Self.defaultResolution
    }

    deinit {
        var pointer: UnsafeMutablePointer<Pix>? = pointer
        pixDestroy(&pointer)
    }

    /// Looks at the header alone, so that a small file cannot demand gigabytes.
    @discardableResult
    static func check(_ bytes: [UInt8]) throws(ProblemReport) -> Header {
        var format: Int32 = 0
        var width: Int32 = 0
        var height: Int32 = 0
        // Leptonica's readers of headers expect more than a signature.
        guard bytes.count >= 24, pixReadHeaderMem(bytes, bytes.count, &format, &width, &height, nil, nil, nil) == 0,
            format == IFF_PNG || format == IFF_JFIF_JPEG
        else { throw refusal("the data is no PNG or JPEG image", "invalid_image") }
        guard width > 0, height > 0 else { throw refusal("the image is empty", "invalid_image") }
        guard width <= maximumSide, height <= maximumSide, Int(width) * Int(height) <= maximumPixels else {
            throw refusal(
                "the image has \(width)×\(height) pixels; at most \(maximumPixels / 1_000_000) million and "
                    + "\(maximumSide) a side are read: send it at a lower resolution", "image_too_large")
        }
        return Header(width: Int(width), height: Int(height))
    }

    private static func refusal(_ message: String, _ code: String) -> ProblemReport {
        ProblemReport(status: 400, message: message, parameter: "messages", code: code)
    }
}

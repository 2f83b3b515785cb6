import CImage
import CLeptonica
import Glibc
import RenderProtocol

/// A picture, or the pictures of a TIFF file, each a page.
final class PictureDocument: PagedDocument {
    let kind = DocumentKind.image
    /// In pixels, upright.
    let pages: [PageSize]
    private let frames: [PictureFrame]
    private let format: PictureFormat
    private let file: UnsafeMutableRawBufferPointer
    private let limits: Limits

    /// - Parameter descriptor: a regular file; still the caller's, and not needed afterwards.
    init(descriptor: CInt, size: Int, format: PictureFormat, limits: Limits) throws(RenderFailure) {
        guard size <= limits.pictureFileBytes else {
            throw RenderFailure(
                .tooLarge, "the picture file has \(size) bytes; at most \(limits.pictureFileBytes) are taken")
        }
        // Read, not mapped: a file that shrinks while it is mapped would end this process.
        guard let memory = malloc(max(size, 1)) else { throw MemoryExhaustion.failure("reading the picture") }
        let buffer = UnsafeMutableRawBufferPointer(start: memory, count: size)
        let filled = readAt(0, of: descriptor, into: buffer)
        file = UnsafeMutableRawBufferPointer(rebasing: buffer[..<filled])
        self.format = format
        self.limits = limits
        frames = Self.frames(of: file, format: format)
        pages = frames.map { PageSize(width: Double($0.upright.width), height: Double($0.upright.height)) }
        // From here on deinit frees the memory.
        guard pages.contains(where: { $0.width > 0 && $0.height > 0 }) else {
            throw RenderFailure(.damaged, "the picture's header cannot be read; the file may have been cut off")
        }
    }

    deinit {
        free(file.baseAddress)
    }

    func render(page: Int, budget: PixelBudget) throws(RenderFailure) -> RenderedPage {
        let frame = frames[page]
        guard frame.width > 0, frame.height > 0 else {
            throw RenderFailure(.damaged, "the header of picture \(page + 1) cannot be read")
        }
        guard let decoded = try format == .jpeg ? decodeJPEG(frame, budget: budget) : decode(frame) else {
            throw failure(page, doing: "decoding", "cannot be decoded; the file may have been cut off")
        }
        // As of indexed colours with transparency, which TIFF allows and leptonica mistakes for grey.
        let odd = "holds its colours in a way that cannot be read; save it as PNG or JPEG"
        guard let flat = decoded.flattened() else { throw failure(page, doing: "flattening", odd) }
        // What was decoded counts, not what the header said.
        let fit = budget.shrink(PageSize(width: Double(flat.width), height: Double(flat.height)))
        guard let bitmap = flat.scaled(to: fit)?.wide() else { throw failure(page, doing: "scaling", odd) }
        return try bitmap.raster.encoded(budget: budget, dpi: bitmap.resolution, isClaimed: true)
    }

    /// - Parameters:
    ///   - step: what was being done, should memory have run out.
    ///   - trouble: what is wrong with the picture otherwise.
    private func failure(_ page: Int, doing step: String, _ trouble: String) -> RenderFailure {
        if MemoryExhaustion.happened { return MemoryExhaustion.failure("\(step) the picture") }
        return RenderFailure(.damaged, "picture \(page + 1) \(trouble)")
    }

    private func decode(_ frame: PictureFrame) throws(RenderFailure) -> Bitmap? {
        // The decoder's rows and leptonica's picture, or later that and a copy of 8 or 32 bits a pixel.
        let depth = frame.depth
        try check(frame, pixels: frame.width * frame.height, bitsPerPixel: max(2 * depth, depth + (depth > 8 ? 32 : 8)))
        let bytes = file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        switch format {
        case .png: return Bitmap(pixReadMemPng(bytes, file.count))
        case .tiff:
            return Bitmap(pixReadMemTiff(bytes, file.count, CInt(frame.index)))?.turned(orientation: frame.orientation)
        case .webp: return Bitmap(pixReadMemWebP(bytes, file.count))
        case .gif: return Bitmap(pixReadMemGif(bytes, file.count))
        case .bmp: return Bitmap(pixReadMemBmp(bytes, file.count))
        case .jpeg: return nil
        }
    }

    /// Scales while decoding, so that even a very large photograph needs little memory.
    private func decodeJPEG(_ frame: PictureFrame, budget: PixelBudget) throws(RenderFailure) -> Bitmap? {
        let bytes = file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let fit = budget.shrink(PageSize(width: Double(frame.width), height: Double(frame.height)))
        // The smallest number of eighths that leaves at least the pixels that are used.
        let eighths = CInt(min(8, max(1, (fit.dpi * 8 - 1e-9).rounded(.up))))
        var width: UInt32 = 0
        var height: UInt32 = 0
        guard Int(cimage_jpeg_scaled_size(bytes, file.count, eighths, &width, &height)) == CIMAGE_OK else { return nil }
        let coefficients = frame.progressive ? 48 * frame.width * frame.height / max(1, Int(width) * Int(height)) : 0
        // Four bytes a pixel, twice while it is turned or scaled.
        try check(frame, pixels: Int(width) * Int(height), bitsPerPixel: 64 + coefficients)
        guard let bitmap = Bitmap(width: Int(width), height: Int(height)) else { return nil }
        var raster = bitmap.raster
        guard Int(cimage_jpeg_decode(bytes, file.count, eighths, &raster)) == CIMAGE_OK else { return nil }
        var header = cimage_jpeg_header()
        cimage_jpeg_read_header(bytes, file.count, &header)
        bitmap.setResolution(header.dpi * Double(width) / Double(frame.width))
        return bitmap.turned(orientation: frame.orientation)
    }

    private func check(_ frame: PictureFrame, pixels: Int, bitsPerPixel: Int) throws(RenderFailure) {
        let (bits, overflow) = pixels.multipliedReportingOverflow(by: bitsPerPixel)
        guard !overflow, bits / 8 <= limits.pictureBytes else {
            throw RenderFailure(
                .tooLarge,
                "a picture of \(frame.width) × \(frame.height) pixels is too large to be decoded; send it smaller")
        }
    }
}

extension PictureDocument {
    /// What the headers say; sides of 0 where they cannot be read.
    private static func frames(of file: UnsafeMutableRawBufferPointer, format: PictureFormat) -> [PictureFrame] {
        let bytes = file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var (width, height, bits, samples): (CInt, CInt, CInt, CInt) = (0, 0, 8, 4)
        switch format {
        case .png:
            readHeaderMemPng(bytes, file.count, &width, &height, &bits, &samples, nil)
        case .webp:
            readHeaderMemWebP(bytes, file.count, &width, &height, &samples)
        case .gif:
            // leptonica would decode the whole file to know. Bytes 6…9: sides of the canvas.
            guard file.count >= 10 else { return [] }
            let canvas = PictureFrame(
                width: Int(file[6]) | Int(file[7]) << 8, height: Int(file[8]) | Int(file[9]) << 8, depth: 32)
            return [canvas]
        case .bmp:
            return [bmpFrame(UnsafeRawBufferPointer(file))]
        case .jpeg:
            var header = cimage_jpeg_header()
            guard Int(cimage_jpeg_read_header(bytes, file.count, &header)) == CIMAGE_OK else { return [] }
            return [
                PictureFrame(
                    width: Int(header.width), height: Int(header.height), depth: 32,
                    orientation: exifOrientation(ofJPEG: UnsafeRawBufferPointer(file)), progressive: header.progressive)
            ]
        case .tiff:
            return tiffFrames(file)
        }
        let depth = samples == 1 ? min(Int(bits), 8) : 32
        return [PictureFrame(width: max(0, Int(width)), height: max(0, Int(height)), depth: depth)]
    }

    private static func tiffFrames(_ file: UnsafeMutableRawBufferPointer) -> [PictureFrame] {
        guard let structure = TIFFStructure(UnsafeRawBufferPointer(file)) else { return [] }
        for offset in structure.directories.compactMap(\.orientationOffset) {
            // leptonica turns pictures itself, some the wrong way: here they are upright, and are turned afterwards.
            file[offset] = structure.bigEndian ? 0 : 1
            file[offset + 1] = structure.bigEndian ? 1 : 0
        }
        return structure.directories.enumerated().filter { !$0.element.isThumbnail }.map { index, directory in
            let depth = directory.samplesPerPixel == 1 ? min(max(directory.bitsPerSample, 1), 16) : 32
            return PictureFrame(
                width: directory.width, height: directory.height, depth: depth, index: index,
                orientation: directory.orientation)
        }
    }

    /// OS/2's first header has sides of 16 bits, all later ones of 32; a negative height means "top row first".
    private static func bmpFrame(_ file: UnsafeRawBufferPointer) -> PictureFrame {
        func number(at offset: Int, bytes: Int) -> Int {
            (0..<bytes).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
        }
        guard file.count >= 26 else { return PictureFrame(width: 0, height: 0, depth: 32) }
        if file[14] == 12 {
            return PictureFrame(width: number(at: 18, bytes: 2), height: number(at: 20, bytes: 2), depth: 32)
        }
        let width = Int(Int32(truncatingIfNeeded: number(at: 18, bytes: 4)))
        let height = Int(Int32(truncatingIfNeeded: number(at: 22, bytes: 4)))
        return PictureFrame(width: max(0, width), height: abs(height), depth: 32)
    }
}

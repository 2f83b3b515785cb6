import CImage
import CLeptonica
import CPDFScan
import CPoppler
import Glibc
import Testing

/// A page of 200 × 150 points with pictures, written by hand.
struct ScannedPage {
    /// An embedded picture of 400 × 300 pixels.
    struct Embedded {
        /// What its dictionary has beside its size.
        var keys: String
        var data: [UInt8]
    }

    static let width = 400
    static let height = 300

    var pictures: [Embedded]
    var content = "q 200 0 0 150 0 0 cm /I0 Do Q"
    /// Keys of the page's dictionary.
    var page = ""

    var pdf: [UInt8] {
        let names = pictures.indices.map { "/I\($0) \(6 + $0) 0 R" }.joined()
        var bytes = Array(
            """
            %PDF-1.5
            1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
            2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
            3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 150]\(page)/Contents 4 0 R/Resources<</Font<</F 5 0 R>>\
            /ExtGState<</Half<</ca 0.5>>>>/XObject<<\(names)>>>>>>endobj
            4 0 obj<</Length \(content.utf8.count)>>stream
            \(content)
            endstream endobj
            5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj

            """.utf8)
        for (index, picture) in pictures.enumerated() {
            let head = """
                \(6 + index) 0 obj<</Type/XObject/Subtype/Image/Width \(Self.width)/Height \(Self.height)\(picture.keys)\
                /Length \(picture.data.count)>>stream

                """
            bytes += Array(head.utf8) + picture.data + Array("\nendstream endobj\n".utf8)
        }
        return bytes + Array("trailer<</Root 1 0 R/Size \(6 + pictures.count)>>\n%%EOF\n".utf8)
    }
}

extension ScannedPage.Embedded {
    /// Red, green and blue at a place: ramps, so that every shift shows, with a black bar and a white one.
    private static func color(_ x: Int, _ y: Int) -> [UInt8] {
        if (20..<120).contains(x), (20..<60).contains(y) { return [0, 0, 0] }
        if (200..<220).contains(x), (150..<290).contains(y) { return [255, 255, 255] }
        return [UInt8(x * 255 / 400), UInt8(y * 255 / 300), UInt8((x + y) * 255 / 700)]
    }

    private static func samples(_ convert: ([UInt8]) -> [UInt8]) -> [UInt8] {
        var samples: [UInt8] = []
        for y in 0..<ScannedPage.height {
            for x in 0..<ScannedPage.width { samples += convert(color(x, y)) }
        }
        return samples
    }

    private static func luma(_ color: [UInt8]) -> UInt8 {
        let (red, green, blue) = (Int(color[0]), Int(color[1]), Int(color[2]))
        return UInt8((299 * red + 587 * green + 114 * blue) / 1000)
    }

    static func rgb(_ keys: String = "") -> Self {
        Self(keys: "/ColorSpace/DeviceRGB/BitsPerComponent 8" + keys, data: samples { $0 })
    }

    static func grey(_ keys: String = "") -> Self {
        Self(keys: "/ColorSpace/DeviceGray/BitsPerComponent 8" + keys, data: samples { [luma($0)] })
    }

    static func cmyk(_ keys: String = "") -> Self {
        Self(
            keys: "/ColorSpace/DeviceCMYK/BitsPerComponent 8" + keys,
            data: samples { [255 - $0[0], 255 - $0[1], 255 - $0[2], 20] })
    }

    /// Eight colours.
    static var indexed: Self {
        let palette = "000000 ff0000 00ff00 ffff00 0000ff ff00ff 00ffff ffffff"
        return Self(
            keys: "/ColorSpace[/Indexed/DeviceRGB 7<\(palette)>]/BitsPerComponent 8",
            data: samples { [$0[0] >> 7 | ($0[1] >> 7) << 1 | ($0[2] >> 7) << 2] })
    }

    /// - Parameter keys: of its colours, or "/ImageMask true".
    static func bits(_ keys: String = "/ColorSpace/DeviceGray") -> Self {
        let light = samples { [luma($0) > 110 ? 1 : 0] }
        let bytes = stride(from: 0, to: light.count, by: 8).map { start in
            light[start..<start + 8].reduce(0) { $0 << 1 | $1 }
        }
        return Self(keys: "\(keys)/BitsPerComponent 1", data: bytes)
    }

    static func jpeg(_ keys: String = "", depth: Int = 32) throws -> Self {
        let picture = try Picture(pixCreate(CInt(ScannedPage.width), CInt(ScannedPage.height), CInt(depth)))
        for y in 0..<ScannedPage.height {
            for x in 0..<ScannedPage.width {
                let color = color(x, y)
                let value =
                    depth == 8
                    ? UInt32(luma(color)) : UInt32(color[0]) << 24 | UInt32(color[1]) << 16 | UInt32(color[2]) << 8
                pixSetPixel(picture.pix, CInt(x), CInt(y), value)
            }
        }
        let space = depth == 8 ? "DeviceGray" : "DeviceRGB"
        return Self(
            keys: "/ColorSpace/\(space)/BitsPerComponent 8/Filter/DCTDecode" + keys,
            data: try picture.encoded(Int(IFF_JFIF_JPEG)))
    }
}

/// A page's pixels: blue, green, red and a byte that says nothing.
struct Drawing {
    let width: Int
    let height: Int
    var bytes: [UInt8]

    /// As cairo draws it.
    init(byCairo pdf: [UInt8], dpi: Double) throws {
        let source = g_bytes_new(pdf, gsize(pdf.count))
        defer { g_bytes_unref(source) }
        let document = try #require(poppler_document_new_from_bytes(source, nil, nil))
        defer { g_object_unref(UnsafeMutableRawPointer(document)) }
        let page = try #require(poppler_document_get_page(document, 0))
        defer { g_object_unref(UnsafeMutableRawPointer(page)) }
        var (across, down) = (0.0, 0.0)
        poppler_page_get_size(page, &across, &down)
        let size = (width: Int(across * dpi / 72 + 0.001), height: Int(down * dpi / 72 + 0.001))
        width = size.width
        height = size.height
        bytes = [UInt8](repeating: 255, count: width * height * 4)
        bytes.withUnsafeMutableBufferPointer { pixels in
            let surface = cairo_image_surface_create_for_data(
                pixels.baseAddress, CAIRO_FORMAT_RGB24, CInt(size.width), CInt(size.height), CInt(size.width * 4))
            let context = cairo_create(surface)
            cairo_scale(context, dpi / 72, dpi / 72)
            poppler_page_render(page, context)
            cairo_surface_flush(surface)
            cairo_destroy(context)
            cairo_surface_destroy(surface)
        }
    }

    /// From the pictures themselves, on a raster of the same size.
    ///
    /// - Returns: nil where the page is left to cairo; `code` says why.
    init?(
        fromPictures pdf: [UInt8], like other: Drawing, dpi: Double, grey: Bool = false, memory: Int = 600 << 20,
        code: inout Int
    ) throws {
        width = other.width
        height = other.height
        // What was there before must not shine through.
        bytes = [UInt8](repeating: 77, count: other.bytes.count)
        let file = try TemporaryFile(pdf)
        var document: OpaquePointer?
        code = Int(cpdfscan_open(dup(file.descriptor), nil, &document))
        guard code == CPDFSCAN_OK else { return nil }
        defer { cpdfscan_close(document) }
        let (width, height) = (width, height)
        code = bytes.withUnsafeMutableBufferPointer { pixels in
            var raster = cimage_raster(
                pixels: pixels.baseAddress, stride: width * 4, width: UInt32(width), height: UInt32(height),
                order: CIMAGE_BGRX)
            return Int(cpdfscan_draw(document, 0, dpi / 72, grey, memory, &raster))
        }
        guard code == CPDFSCAN_OK else { return nil }
    }

    /// Mean of the absolute differences of all samples, in levels of 255; of brightness alone where colours do not matter.
    func difference(from other: Drawing, grey: Bool = false) -> Double {
        func luma(_ bytes: [UInt8], _ at: Int) -> Double {
            0.114 * Double(bytes[at]) + 0.587 * Double(bytes[at + 1]) + 0.299 * Double(bytes[at + 2])
        }
        var sum = 0.0
        for at in stride(from: 0, to: bytes.count, by: 4) {
            if grey {
                sum += abs(luma(bytes, at) - luma(other.bytes, at))
            } else {
                for sample in at..<at + 3 { sum += abs(Double(bytes[sample]) - Double(other.bytes[sample])) / 3 }
            }
        }
        return sum / Double(bytes.count / 4)
    }
}

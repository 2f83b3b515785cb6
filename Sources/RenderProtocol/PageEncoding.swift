// The parts of messages that are about pages and their pictures.

extension PageRegions {
    init(reading reader: inout WireReader) throws(WireError) {
        let tag = try reader.integer(UInt8.self)
        switch tag {
        case 0:
            self = .whole
        case 1:
            let leastDPI = try reader.double()
            let pixels = try reader.integer(UInt64.self)
            guard leastDPI > 0 else { throw WireError("a least resolution of \(leastDPI) dpi") }
            guard pixels >= 1, pixels <= UInt64(UInt32.max) else { throw WireError("a page of \(pixels) pixels") }
            self = .blocks(BlockScale(leastDPI: leastDPI, pagePixels: Int(pixels)))
        default:
            throw WireError("\(tag) says nothing about what of a page is wanted")
        }
    }
}

extension RenderedPage {
    /// Bytes of a reply beside those of its pictures.
    package static func overhead(pictures: Int) -> Int {
        22 + 29 * pictures
    }

    /// Bytes of all pictures together.
    package var encodedBytes: Int {
        pictures.reduce(0) { $0 + $1.bytes.count }
    }

    /// Whether a number can be a picture's side: no encoder goes further, and products of two such fit into an Int.
    static func isSide(_ side: Int) -> Bool {
        side > 0 && side <= 65_535
    }

    /// From a process that a document may have taken over: every picture must lie on the page.
    init(reading reader: inout WireReader) throws(WireError) {
        let width = Int(try reader.integer(UInt32.self))
        let height = Int(try reader.integer(UInt32.self))
        let dpi = try reader.double()
        let lacksPart = try reader.integer(UInt8.self) != 0
        let count = Int(try reader.integer(UInt32.self))
        guard Self.isSide(width), Self.isSide(height), dpi >= 0 else { throw WireError("a page without pixels") }
        guard count <= RenderLimits.picturesPerPage else { throw WireError("a page of \(count) pictures") }
        var pictures: [RenderedPicture] = []
        for _ in 0..<count {
            let picture = try RenderedPicture(reading: &reader)
            guard picture.box.lies(on: width, height) else { throw WireError("a picture beyond its page") }
            pictures.append(picture)
        }
        self.init(width: width, height: height, dpi: dpi, pictures: pictures, lacksPart: lacksPart)
    }
}

extension RenderedPicture {
    init(reading reader: inout WireReader) throws(WireError) {
        let (x, y) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
        let (boxWidth, boxHeight) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
        let (width, height) = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
        let mediaType = try reader.enumeration(MediaType.self)
        let bytes = try reader.counted(atMost: RenderLimits.replyBytes)
        guard RenderedPage.isSide(width), RenderedPage.isSide(height), !bytes.isEmpty else {
            throw WireError("a picture without pixels")
        }
        self.init(
            box: PixelBox(x: x, y: y, width: boxWidth, height: boxHeight), width: width, height: height,
            mediaType: mediaType, bytes: Array(bytes))
    }
}

extension PixelBox {
    /// Whether it has an area, all of it on a page of that size.
    package func lies(on pageWidth: Int, _ pageHeight: Int) -> Bool {
        x >= 0 && y >= 0 && width > 0 && height > 0 && x <= pageWidth - width && y <= pageHeight - height
    }
}

extension WireWriter {
    mutating func write(_ page: RenderedPage) {
        write(UInt32(clamping: page.width))
        write(UInt32(clamping: page.height))
        write(page.dpi)
        write(UInt8(page.lacksPart ? 1 : 0))
        write(UInt32(clamping: page.pictures.count))
        for picture in page.pictures {
            for side in [
                picture.box.x, picture.box.y, picture.box.width, picture.box.height, picture.width, picture.height,
            ] {
                write(UInt32(clamping: side))
            }
            write(picture.mediaType.rawValue)
            write(counted: picture.bytes)
        }
    }
}

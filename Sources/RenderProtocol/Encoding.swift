extension RenderRequest {
    /// The body of a frame, without its length.
    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .open(let password):
            writer.write(1 as UInt8)
            writer.write((password == nil ? 0 : 1) as UInt8)
            writer.write(counted: (password ?? "").utf8)
        case .render(let page, let budget):
            writer.write(2 as UInt8)
            writer.write(UInt32(clamping: page))
            writer.write(UInt64(clamping: budget.maxPixels))
            writer.write(budget.dpi)
            writer.write(budget.color.rawValue)
            switch budget.format {
            case .jpeg(let quality):
                writer.write(MediaType.jpeg.rawValue)
                writer.write(UInt8(clamping: quality))
            case .png:
                writer.write(MediaType.png.rawValue)
                writer.write(0 as UInt8)
            }
            switch budget.regions {
            case .whole:
                writer.write(0 as UInt8)
            case .blocks(let scale):
                writer.write(1 as UInt8)
                writer.write(scale.leastDPI)
                writer.write(UInt64(clamping: scale.pagePixels))
            }
        case .close:
            writer.write(3 as UInt8)
        }
        return writer.bytes
    }

    /// - Parameter body: a frame without its length, from a process that may send anything.
    package init(decoding body: [UInt8]) throws(WireError) {
        var reader = WireReader(body[...])
        let tag = try reader.integer(UInt8.self)
        switch tag {
        case 1:
            let hasPassword = try reader.integer(UInt8.self)
            guard hasPassword <= 1 else { throw WireError("\(hasPassword) is neither yes nor no") }
            let password = try reader.string(atMost: RenderLimits.requestBytes)
            self = .open(password: hasPassword == 1 ? password : nil)
        case 2:
            let page = Int(try reader.integer(UInt32.self))
            let pixels = try reader.integer(UInt64.self)
            let dpi = try reader.double()
            let color = try reader.enumeration(PageColor.self)
            let format: PageFormat
            switch try reader.enumeration(MediaType.self) {
            case .jpeg: format = .jpeg(quality: Int(try reader.integer(UInt8.self)))
            case .png:
                format = .png
                guard try reader.integer(UInt8.self) == 0 else { throw WireError("PNG has no quality") }
            }
            guard pixels >= 1, pixels <= UInt64(UInt32.max) else { throw WireError("a budget of \(pixels) pixels") }
            guard dpi > 0 else { throw WireError("a resolution of \(dpi) dpi") }
            let budget = PixelBudget(
                maxPixels: Int(pixels), dpi: dpi, regions: try PageRegions(reading: &reader), color: color,
                format: format)
            self = .render(page: page, budget: budget)
        case 3:
            self = .close
        default:
            throw WireError("\(tag) is no request")
        }
        try reader.end()
    }
}

extension RenderReply {
    /// The body of a frame, without its length.
    package func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .ready(let losses):
            writer.write(1 as UInt8)
            writer.write(UInt8(min(losses.count, RenderLimits.losses)))
            for loss in losses.prefix(RenderLimits.losses) {
                writer.write(counted: loss.utf8.prefix(RenderLimits.messageBytes))
            }
        case .opened(let kind, let pages):
            writer.reserve(6 + 16 * pages.count)
            writer.write(2 as UInt8)
            writer.write(kind.rawValue)
            writer.write(UInt32(clamping: pages.count))
            for page in pages {
                writer.write(page.width)
                writer.write(page.height)
            }
        case .rendered(let page):
            writer.reserve(RenderedPage.overhead(pictures: page.pictures.count) + page.encodedBytes)
            writer.write(3 as UInt8)
            writer.write(page)
        case .failed(let failure):
            writer.write(4 as UInt8)
            writer.write(failure.code.rawValue)
            writer.write(counted: failure.message.utf8.prefix(RenderLimits.messageBytes))
        }
        return writer.bytes
    }

    /// - Parameter body: a frame without its length, from a process that a document may have taken over.
    package init(decoding body: [UInt8]) throws(WireError) {
        var reader = WireReader(body[...])
        let tag = try reader.integer(UInt8.self)
        switch tag {
        case 1:
            let count = Int(try reader.integer(UInt8.self))
            guard count <= RenderLimits.losses else { throw WireError("\(count) losses") }
            var losses: [String] = []
            for _ in 0..<count { losses.append(try reader.string(atMost: RenderLimits.messageBytes)) }
            self = .ready(losses: losses)
        case 2:
            let kind = try reader.enumeration(DocumentKind.self)
            let count = Int(try reader.integer(UInt32.self))
            guard count <= RenderLimits.pages else { throw WireError("\(count) pages") }
            // Checked before anything is allocated for pages that are not there.
            guard reader.remaining == count * 16 else { throw WireError("sizes of \(count) pages do not follow") }
            var pages: [PageSize] = []
            pages.reserveCapacity(count)
            for _ in 0..<count {
                let size = PageSize(width: try reader.double(), height: try reader.double())
                guard size.width >= 0, size.height >= 0 else { throw WireError("a page of negative size") }
                pages.append(size)
            }
            self = .opened(kind: kind, pages: pages)
        case 3:
            self = .rendered(try RenderedPage(reading: &reader))
        case 4:
            let code = try reader.enumeration(RenderFailure.Code.self)
            self = .failed(RenderFailure(code, try reader.string(atMost: RenderLimits.messageBytes)))
        default:
            throw WireError("\(tag) is no reply")
        }
        try reader.end()
    }
}

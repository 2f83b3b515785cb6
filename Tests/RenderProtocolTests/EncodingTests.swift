import RenderProtocol
import Testing

@Suite("Messages between the api and a renderer")
struct EncodingTests {
    static let requests: [RenderRequest] = [
        .open(password: nil), .open(password: ""), .open(password: "вёсла 🚣"), .close,
        .render(page: 0, budget: PixelBudget()),
        .render(
            page: 4_000_000_000,
            budget: PixelBudget(maxPixels: 1, dpi: 0.5, color: .rgb, format: .jpeg(quality: 1))),
        .render(page: 7, budget: PixelBudget(maxPixels: 4_294_967_295, dpi: 1200, color: .grey, format: .png)),
        .render(
            page: 7,
            budget: PixelBudget(
                maxPixels: 1_003_520, dpi: 200,
                regions: .blocks(BlockScale(leastDPI: 150.5, pagePixels: 4_294_967_295)),
                format: .png)),
    ]
    static let replies: [RenderReply] = [
        .ready(losses: []), .opened(kind: .image, pages: []),
        .opened(kind: .pdf, pages: [PageSize(width: 595.28, height: 841.89), PageSize(width: 0, height: 0)]),
        .rendered(RenderedPage(width: 3, height: 2, dpi: 299.9, mediaType: .png, bytes: [1, 2, 3, 255])),
        .rendered(RenderedPage(width: 100, height: 200, dpi: 144, pictures: [], lacksPart: true)), .rendered(columns),
        .failed(RenderFailure(.encrypted, "needs a password")), .failed(RenderFailure(.internal, "")),
        .ready(losses: ["no Landlock", "no filter — at all"]),
    ]

    /// Two columns, each of which touches two edges of the page.
    static let columns = RenderedPage(
        width: 100, height: 200, dpi: 144,
        pictures: [
            RenderedPicture(
                box: PixelBox(x: 0, y: 20, width: 45, height: 180), width: 28, height: 112, mediaType: .jpeg,
                bytes: [1]),
            RenderedPicture(
                box: PixelBox(x: 55, y: 0, width: 45, height: 100), width: 45, height: 100, mediaType: .png,
                bytes: [1, 2]),
        ])

    @Test("come out as they went in", arguments: requests)
    func request(_ message: RenderRequest) throws {
        #expect(try RenderRequest(decoding: message.encoded()) == message)
    }

    @Test("come out as they went in", arguments: replies)
    func reply(_ message: RenderReply) throws {
        #expect(try RenderReply(decoding: message.encoded()) == message)
    }

    @Test("cut short anywhere are refused, and so is what follows them")
    func truncated() {
        for bytes in Self.requests.map({ $0.encoded() }) {
            for length in 0..<bytes.count {
                #expect(throws: WireError.self) { try RenderRequest(decoding: Array(bytes[..<length])) }
            }
            #expect(throws: WireError.self) { try RenderRequest(decoding: bytes + [0]) }
        }
        for bytes in Self.replies.map({ $0.encoded() }) {
            for length in 0..<bytes.count {
                #expect(throws: WireError.self) { try RenderReply(decoding: Array(bytes[..<length])) }
            }
            #expect(throws: WireError.self) { try RenderReply(decoding: bytes + [0]) }
        }
    }

    @Test("of unknown kinds are refused")
    func unknown() {
        for tag in [0, 4, 5, 99, 255] as [UInt8] {
            #expect(throws: WireError.self) { try RenderRequest(decoding: [tag]) }
        }
        for tag in [0, 5, 99, 255] as [UInt8] {
            #expect(throws: WireError.self) { try RenderReply(decoding: [tag]) }
        }
        // A failure of no known code, a page of no known media type.
        #expect(throws: WireError.self) { try RenderReply(decoding: [4, 200, 0, 0, 0, 0]) }
        var page = Self.replies[3].encoded()
        page[45] = 9
        #expect(throws: WireError.self) { try RenderReply(decoding: page) }
    }

    @Test("whose counts lie are refused before anything is allocated for them")
    func lyingCounts() {
        let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        #expect(throws: WireError.self) { try RenderRequest(decoding: [1, 1] + most) }
        #expect(throws: WireError.self) { try RenderReply(decoding: [2, 0] + most) }
        // 65,536 pages claimed, one sent.
        #expect(throws: WireError.self) {
            try RenderReply(decoding: [2, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 16))
        }
        var page = Self.replies[3].encoded()
        page.replaceSubrange(47..<51, with: most)
        #expect(throws: WireError.self) { try RenderReply(decoding: page) }
    }

    @Test("about pictures that do not lie on their page, or have no pixels, are refused")
    func boxes() {
        let (box, bytes) = (PixelBox(x: 50, y: 60, width: 50, height: 140), [1] as [UInt8])
        func refused(_ box: PixelBox, width: Int = 50, height: Int = 140, bytes: [UInt8] = [1]) -> Bool {
            let picture = RenderedPicture(box: box, width: width, height: height, mediaType: .jpeg, bytes: bytes)
            let reply = RenderReply.rendered(RenderedPage(width: 100, height: 200, dpi: 1, pictures: [picture]))
            return (try? RenderReply(decoding: reply.encoded())) == nil
        }
        #expect(!refused(box, bytes: bytes))
        for (x, y, width, height) in [
            (51, 60, 50, 140), (50, 61, 50, 140), (50, 60, 0, 140), (50, 60, 50, 0), (0xFFFF_FFFF, 0, 2, 2),
            (0, 0, 0xFFFF_FFFF, 1), (0, 0, 1, 0xFFFF_FFFF),
        ] {
            #expect(refused(PixelBox(x: x, y: y, width: width, height: height)))
        }
        #expect(refused(box, width: 0))
        // Multiplied, these would be more than an Int holds.
        #expect(refused(box, width: 0xFFFF_FFFF, height: 0xFFFF_FFFF))
        let vast = RenderedPage(width: 0xFFFF_FFFF, height: 0xFFFF_FFFF, dpi: 1, pictures: [])
        #expect(throws: WireError.self) { try RenderReply(decoding: RenderReply.rendered(vast).encoded()) }
        #expect(refused(box, height: 0))
        #expect(refused(box, bytes: []))
    }

    @Test("of more pictures than a page can have are refused")
    func manyPictures() throws {
        let picture = Self.columns.pictures[0]
        for count in [RenderLimits.picturesPerPage, RenderLimits.picturesPerPage + 1] {
            let page = RenderedPage(
                width: 100, height: 200, dpi: 1, pictures: [RenderedPicture](repeating: picture, count: count))
            let decoded = try? RenderReply(decoding: RenderReply.rendered(page).encoded())
            #expect((decoded == .rendered(page)) == (count == RenderLimits.picturesPerPage))
        }
        // A count alone, with nothing behind it.
        var empty = RenderReply.rendered(RenderedPage(width: 1, height: 1, dpi: 1, pictures: [])).encoded()
        #expect(empty.count == RenderedPage.overhead(pictures: 0))
        empty.replaceSubrange(18..<22, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: WireError.self) { try RenderReply(decoding: empty) }
    }

    @Test("that ask for blocks of no size are refused")
    func blockScale() {
        for scale in [
            BlockScale(leastDPI: 0), BlockScale(leastDPI: -1), BlockScale(leastDPI: .nan), BlockScale(pagePixels: 0),
            BlockScale(pagePixels: 1 << 40),
        ] {
            let request = RenderRequest.render(page: 0, budget: PixelBudget(regions: .blocks(scale)))
            #expect(throws: WireError.self) { try RenderRequest(decoding: request.encoded()) }
        }
    }

    @Test("with numbers that are none, or below zero, are refused")
    func absurdNumbers() {
        for value in [Double.nan, .infinity, -.infinity] {
            let budget = PixelBudget(dpi: value)
            #expect(throws: WireError.self) {
                try RenderRequest(decoding: RenderRequest.render(page: 0, budget: budget).encoded())
            }
            let pages = [PageSize(width: value, height: 1)]
            #expect(throws: WireError.self) {
                try RenderReply(decoding: RenderReply.opened(kind: .pdf, pages: pages).encoded())
            }
        }
        let negative = RenderReply.opened(kind: .pdf, pages: [PageSize(width: -1, height: 1)])
        #expect(throws: WireError.self) { try RenderReply(decoding: negative.encoded()) }
        let nothing = RenderRequest.render(page: 0, budget: PixelBudget(maxPixels: 0))
        #expect(throws: WireError.self) { try RenderRequest(decoding: nothing.encoded()) }
    }

    @Test("of text that is not UTF-8 are refused")
    func notUTF8() {
        #expect(throws: WireError.self) { try RenderRequest(decoding: [1, 1, 2, 0, 0, 0, 0xC3, 0x28]) }
    }

    @Test("keep a long explanation within its limit")
    func longMessage() throws {
        let reply = RenderReply.failed(RenderFailure(.damaged, String(repeating: "x", count: 5000)))
        guard case .failed(let failure) = try RenderReply(decoding: reply.encoded()) else {
            Issue.record("not a failure")
            return
        }
        #expect(failure.message.utf8.count == RenderLimits.messageBytes)
    }

    @Test("made of noise never trap")
    func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...40)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if !bytes.isEmpty { bytes[0] = UInt8.random(in: 0...5) }
            _ = try? RenderRequest(decoding: bytes)
            _ = try? RenderReply(decoding: bytes)
        }
    }
}

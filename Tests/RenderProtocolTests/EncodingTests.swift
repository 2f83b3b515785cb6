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
    ]
    static let replies: [RenderReply] = [
        .ready, .opened(kind: .image, pages: []),
        .opened(kind: .pdf, pages: [PageSize(width: 595.28, height: 841.89), PageSize(width: 0, height: 0)]),
        .rendered(RenderedPage(width: 3, height: 2, dpi: 299.9, mediaType: .png, bytes: [1, 2, 3, 255])),
        .failed(RenderFailure(.encrypted, "needs a password")), .failed(RenderFailure(.internal, "")),
    ]

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
        page[17] = 9
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
        page.replaceSubrange(18..<22, with: most)
        #expect(throws: WireError.self) { try RenderReply(decoding: page) }
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

import RenderProtocol
import Rendering
import Testing

/// cairo's surfaces end at 32,767 pixels a side, and poppler leaves out what does not fit, without a word. Such pages are
/// drawn another way.
extension RenderingTests {
    @Suite("Pictures longer than cairo takes")
    struct LongPictures {
        /// One picture of 40,000 × 20 black pixels, in words of PDF.
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var keys: String
            var bitsPerPixel = 8
            var width = 40_000
            var isTurned = false
            /// Object 7, if the picture refers to it: opaque throughout.
            var mask: (width: Int, keys: String)?

            var bytes: [UInt8] {
                func stream(_ pdf: inout HostilePDF, _ number: Int, _ width: Int, _ bits: Int, _ keys: String) {
                    let sides = isTurned ? "/Width 20/Height \(width)" : "/Width \(width)/Height 20"
                    let row = isTurned ? (20 * bits + 7) / 8 * width : (width * bits + 7) / 8 * 20
                    pdf.stream(
                        number, Deflate.pack([.zeros(row)]),
                        "/Type/XObject/Subtype/Image\(sides)/BitsPerComponent \(bits)\(keys)/Filter/FlateDecode")
                }
                // The picture on the left, inside a form on the right, and over each a blue square.
                let content = """
                    q 90 0 0 80 5 10 cm /Picture Do Q q 1 0 0 1 100 0 cm /Form Do Q
                    0 0 1 rg 40 40 20 20 re 140 40 20 20 re f
                    """
                var pdf = HostilePDF(page: "/Resources<</XObject<</Picture 5 0 R/Form 6 0 R>>>>", content: content)
                stream(&pdf, 5, width, bitsPerPixel, keys)
                pdf.stream(
                    6, Array("q 90 0 0 80 5 10 cm /Inner Do Q".utf8),
                    "/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</XObject<</Inner 5 0 R>>>>")
                if let mask { stream(&pdf, 7, mask.width, 8, mask.keys) }
                return pdf.bytes
            }

            static let all = [
                Case(testDescription: "grey", keys: "/ColorSpace/DeviceGray"),
                Case(testDescription: "grey, and high", keys: "/ColorSpace/DeviceGray", isTurned: true),
                Case(testDescription: "of one bit", keys: "/ColorSpace/DeviceGray", bitsPerPixel: 1),
                Case(testDescription: "a stencil", keys: "/ImageMask true", bitsPerPixel: 1),
                Case(
                    testDescription: "with a mask", keys: "/ColorSpace/DeviceGray/SMask 7 0 R",
                    mask: (40_000, "/ColorSpace/DeviceGray/Decode[1 0]")),
                Case(
                    testDescription: "short, with a long mask", keys: "/ColorSpace/DeviceGray/SMask 7 0 R", width: 50,
                    mask: (40_000, "/ColorSpace/DeviceGray/Decode[1 0]")),
            ]
        }

        @Test("are drawn with all else that is on the page", arguments: Case.all, [72.0, 300.0])
        func drawn(_ page: Case, dpi: Double) async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(page.bytes))
            let rendered = try await pool.render(
                document, page: 0, budget: PixelBudget(dpi: dpi, color: .rgb, format: .png))
            let picture = try Picture(of: rendered)
            for left in [0.0, 0.5] {
                #expect(picture.isBlack(left + 0.1, 0.5))
                #expect(picture.isBlack(left + 0.4, 0.25))
                let square = picture.color(left + 0.25, 0.5)
                #expect(square.blue > 240 && square.red < 20 && square.green < 20)
                #expect(picture.isWhite(left + 0.25, 0.04))
            }
            #expect(rendered.attempts == 1)
        }

        @Test("and of more pixels than anybody decodes are refused, not left out")
        func tooMany() async throws {
            let page = Case(testDescription: "", keys: "/ColorSpace/DeviceGray").with(width: 2_000_000_000)
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(page))
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .tooLarge)
        }
    }
}

extension RenderingTests.LongPictures.Case {
    /// The same page, its picture declared to be as wide as that and not a byte longer.
    fileprivate func with(width declared: Int) -> [UInt8] {
        let text = Array("/Width \(width)/".utf8)
        var bytes = bytes
        guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: text) }) else { return bytes }
        bytes.replaceSubrange(place..<place + text.count, with: Array("/Width \(declared)/".utf8))
        return bytes
    }
}

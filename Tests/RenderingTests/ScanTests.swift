import CLeptonica
import CPDFScan
import Glibc
import RenderProtocol
import Rendering
import Testing

/// Pages that are nothing but pictures are drawn from them, and look as if cairo had drawn them. What is more than pictures
/// is left to cairo.
@Suite("Scans")
struct ScanTests {
    /// Levels of 255. Of a ramp of 400 steps, one pixel's shift is 0.8 and more; cairo itself rounds half a level away.
    private let tolerance = 0.6

    private func check(
        _ page: ScannedPage, dpi: [Double] = [96, 41.3, 180], within levels: Double? = nil, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for dpi in dpi {
            let cairo = try Drawing(byCairo: page.pdf, dpi: dpi)
            for grey in [false, true] {
                var code = 0
                let drawing = try Drawing(fromPictures: page.pdf, like: cairo, dpi: dpi, grey: grey, code: &code)
                guard let drawing else {
                    Issue.record(
                        "left to cairo: \(code) at \(dpi) dpi; \(page.content)", sourceLocation: sourceLocation)
                    return
                }
                let difference = drawing.difference(from: cairo, grey: grey)
                #expect(difference < levels ?? tolerance, comment, sourceLocation: sourceLocation)
            }
        }
    }

    private func isLeftToCairo(_ page: ScannedPage) throws -> Bool {
        let cairo = try Drawing(byCairo: page.pdf, dpi: 72)
        var code = 0
        return try Drawing(fromPictures: page.pdf, like: cairo, dpi: 72, code: &code) == nil
            && code == CPDFSCAN_NOT_PICTURES
    }

    @Test("are turned as the page is", arguments: [0, 90, 180, 270, -90])
    func rotations(degrees: Int) throws {
        for picture in [ScannedPage.Embedded.rgb(), try .jpeg(), .bits()] {
            try check(ScannedPage(pictures: [picture], page: "/Rotate \(degrees)"))
        }
    }

    @Test(
        "are turned and mirrored as they are placed",
        arguments: [
            "-200 0 0 150 200 0", "200 0 0 -150 0 150", "-200 0 0 -150 200 150", "0 150 -200 0 200 0",
            "0 -150 200 0 0 150", "0 150 200 0 0 0", "0 -150 -200 0 200 150",
        ])
    func placements(matrix: String) throws {
        for page in ["", "/Rotate 90"] {
            let content = "q \(matrix) cm /I0 Do Q"
            try check(ScannedPage(pictures: [try .jpeg()], content: content, page: page))
            try check(ScannedPage(pictures: [.rgb()], content: content, page: page))
        }
    }

    @Test("leave margins, reach beyond the page, and are cropped")
    func edges() throws {
        for page in ["", "/CropBox[20.3 10.7 150.2 140.9]", "/CropBox[20.3 10.7 150.2 140.9]/Rotate 270"] {
            for content in [
                "q 150.5 0 0 100.3 20.2 30.1 cm /I0 Do Q", "q 250 0 0 200 -20.5 -30.25 cm /I0 Do Q",
                "q 30 40 100 50.5 re W n 200 0 0 150 0 0 cm /I0 Do Q",
                "1 g 0 0 200 150 re f q 200 0 0 150 0 0 cm /I0 Do Q",
            ] {
                try check(ScannedPage(pictures: [try .jpeg()], content: content, page: page))
            }
        }
    }

    @Test("have their colours, whatever says them")
    func colors() throws {
        let pictures: [(String, ScannedPage.Embedded)] = [
            ("grey", .grey()), ("grey, inverted", .grey("/Decode[1 0]")),
            ("part of a range", .rgb("/Decode[1 0 0 1 .2 .8]")),
            ("inks", .cmyk()), ("inks, inverted", .cmyk("/Decode[1 0 1 0 1 0 1 0]")), ("palette", .indexed),
            ("bits, inverted", .bits("/ColorSpace/DeviceGray/Decode[1 0]")),
            ("bits with colours", .bits("/ColorSpace[/Indexed/DeviceRGB 1<ff0000ffff80>]")),
            ("JPEG", try .jpeg()), ("grey JPEG", try .jpeg(depth: 8)),
            ("inverted JPEG", try .jpeg("/Decode[1 0 1 0 1 0]")),
            ("calibrated", .rgb().replacing("DeviceRGB", by: "[/CalRGB<</WhitePoint[0.95 1 1.09]>>]")),
            ("ink of its own", .grey().replacing("DeviceGray", by: Self.separation)),
        ]
        for (name, picture) in pictures {
            try check(ScannedPage(pictures: [picture]), "\(name)")
        }
    }

    private static let separation = """
        [/Separation/Spot/DeviceCMYK<</FunctionType 2/Domain[0 1]/C0[0 0 0 0]/C1[0 .8 .2 .1]/N 1>>]
        """

    @Test("are stencils, and stencils lie over them")
    func stencils() throws {
        let mask = ScannedPage.Embedded.bits("/ImageMask true")
        try check(ScannedPage(pictures: [mask]))
        let blue = "q .2 .4 .9 rg 200 0 0 150 0 0 cm /I0 Do Q"
        try check(ScannedPage(pictures: [mask], content: blue, page: "/Rotate 90"))
        try check(ScannedPage(pictures: [.bits("/ImageMask true/Decode[1 0]")], content: blue))
        let over = "q 200 0 0 150 0 0 cm /I0 Do Q q 0 0 .5 rg 180 0 0 130 10 10.5 cm /I1 Do Q"
        try check(ScannedPage(pictures: [try .jpeg(), mask], content: over))
    }

    @Test("come in strips")
    func strips() throws {
        let content = "q 200 0 0 75 0 75 cm /I0 Do Q q 200 0 0 75 0 0 cm /I1 Do Q"
        try check(ScannedPage(pictures: [.rgb(), try .jpeg()], content: content))
    }

    @Test("of other programs' making: fax code, deflated rows")
    func foreign() throws {
        let picture = try Picture.sample(width: 1700, height: 2200, depth: 1)
        for (depth, encoding) in [(1, L_G4_ENCODE), (8, L_FLATE_ENCODE), (8, L_JPEG_ENCODE)] {
            let pix = try depth == 1 ? picture : Picture(pixConvert1To8(nil, picture.pix, 255, 0))
            var bytes: UnsafeMutablePointer<UInt8>?
            var count = 0
            let failed = withExtendedLifetime(pix) {
                pixConvertToPdfData(
                    pix.pix, CInt(encoding), 75, &bytes, &count, 0, 0, 200, nil, nil, CInt(L_LAST_IMAGE))
            }
            defer { free(bytes) }
            try #require(failed == 0)
            let pdf = Array(UnsafeBufferPointer(start: bytes, count: count))
            let cairo = try Drawing(byCairo: pdf, dpi: 130)
            var code = 0
            let drawing = try Drawing(fromPictures: pdf, like: cairo, dpi: 130, code: &code)
            let difference = try #require(drawing).difference(from: cairo)
            #expect(difference < tolerance)
        }
    }

    @Test("have a layer of invisible text")
    func invisibleText() throws {
        let text = " BT 3 Tr /F 12 Tf 20 50 Td (What a recogniser read) Tj ET "
        let picture = "q 200 0 0 150 0 0 cm /I0 Do Q"
        for content in [text + picture, picture + text] {
            try check(ScannedPage(pictures: [try .jpeg()], content: content))
        }
    }

    @Test(
        "are not all there is: what else is seen is drawn by cairo",
        arguments: [
            "PICTURE BT /F 12 Tf 20 50 Td (Visible) Tj ET", "BT /F 12 Tf 20 50 Td (Visible) Tj ET PICTURE",
            "BT 7 Tr /F 40 Tf 20 50 Td (CLIP) Tj ET PICTURE", "PICTURE 0 0 m 100 100 l S",
            "0.9 g 0 0 200 150 re f PICTURE",
            "PICTURE 1 g 10 10 50 50 re f", "/Half gs PICTURE", "30 40 m 100 90 l 150 20 l h W n PICTURE",
            "q 200 10 -10 150 0 0 cm /I0 Do Q", "", "BI/W 1/H 1/CS/G/BPC 8 ID x EI PICTURE",
        ])
    func others(content: String) throws {
        let content = content.replacing("PICTURE", by: "q 200 0 0 150 0 0 cm /I0 Do Q")
        #expect(try isLeftToCairo(ScannedPage(pictures: [try .jpeg()], content: content)))
    }

    @Test("of kinds that are better left to cairo are")
    func otherPictures() throws {
        for picture in [
            ScannedPage.Embedded.rgb("/Mask[0 50 0 50 0 50]"), .rgb("/SMask 7 0 R"), .rgb("/Mask 8 0 R"),
            ScannedPage.Embedded(
                keys: "/ColorSpace/DeviceGray/BitsPerComponent 16", data: .init(repeating: 9, count: 240_000)),
            // A JPEG that is not what the PDF says.
            try .jpeg(depth: 8).replacing("DeviceGray", by: "DeviceRGB"),
            ScannedPage.Embedded(keys: "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", data: [1, 2, 3]),
        ] {
            let page = ScannedPage(pictures: [picture, .grey(), .bits("/ImageMask true")])
            #expect(try isLeftToCairo(page), "\(picture.keys)")
        }
    }

    @Test("that were cut off end in white paper, as cairo has it")
    func cutOff() throws {
        for picture in [try ScannedPage.Embedded.jpeg(), .bits()] {
            let short = ScannedPage.Embedded(
                keys: picture.keys, data: Array(picture.data.prefix(picture.data.count / 2)))
            // The row in which it ends is a mixture of both.
            try check(ScannedPage(pictures: [short]), dpi: [96], within: 2)
        }
    }

    @Test("that were cut off are told apart from whole ones")
    func lackingParts() async throws {
        let pool = Fixtures.pool()
        defer { pool.shutdown() }
        for picture in [try ScannedPage.Embedded.jpeg(), .bits(), .grey(), .rgb()] {
            for share in [1.0, 0.9, 0.5] {
                let data = Array(picture.data.prefix(Int(Double(picture.data.count) * share)))
                let page = ScannedPage(pictures: [.init(keys: picture.keys, data: data)])
                let document = try await pool.open(TemporaryFile(page.pdf))
                // At the whole size and where rows are left out.
                for dpi in [144.0, 36] {
                    let drawn = try await pool.render(document, page: 0, budget: PixelBudget(dpi: dpi))
                    #expect(drawn.lacksPart == (share < 1), "\(picture.keys) \(share) \(dpi)")
                }
            }
        }
    }

    @Test("that claim more pixels than may be decoded are refused in a sentence")
    func claims() async throws {
        let jpeg = try ScannedPage.Embedded.jpeg()
        let huge = ScannedPage(pictures: [jpeg]).pdf.replacing("/Width 400/Height 300", by: "/Width 60000/Height 60000")
        let pool = Fixtures.pool()
        defer { pool.shutdown() }
        let document = try await pool.open(TemporaryFile(huge))
        let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
        #expect(error?.code == .tooLarge)
        #expect(pool.statistics.crashed == 0)
    }

    @Test("come through the renderer at the size that was asked for")
    func rendered() async throws {
        let pool = Fixtures.pool()
        defer { pool.shutdown() }
        let document = try await pool.open(TemporaryFile(ScannedPage(pictures: [try .jpeg()], page: "/Rotate 90").pdf))
        let page = try await pool.render(document, page: 0, budget: PixelBudget(dpi: 108, color: .rgb, format: .png))
        #expect(page.width == 225 && page.height == 300 && page.dpi == 108)
        let picture = try Picture(decoding: #require(page.pictures.first).bytes)
        // The black bar is at the left above; a quarter turn clockwise takes it to the right above.
        #expect(picture.isBlack(0.86, 0.17) && !picture.isBlack(0.17, 0.14))
    }
}

extension ScannedPage.Embedded {
    func replacing(_ old: String, by new: String) -> Self {
        // Names become arrays without their slash.
        Self(keys: keys.replacing((new.hasPrefix("[") ? "/" : "") + old, by: new), data: data)
    }
}

extension String {
    func replacing(_ old: String, by new: String) -> String {
        String(decoding: Array(utf8).replacing(old, by: new), as: UTF8.self)
    }
}

extension [UInt8] {
    func replacing(_ old: String, by new: String) -> [UInt8] {
        replacing(Array(old.utf8), with: Array(new.utf8))
    }
}

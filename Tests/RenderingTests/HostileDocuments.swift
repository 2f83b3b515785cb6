import Testing

/// Documents that are made to hurt: each with what it tries.
struct HostileDocument: Sendable, CustomTestStringConvertible {
    /// What it may end in.
    enum End: Sendable {
        /// A page inside its budget.
        case page
        /// A refusal, at its opening or its first page.
        case refusal
        /// Either: versions of poppler differ in how much of it they make out.
        case either
    }

    let name: String
    let end: End
    let make: @Sendable () -> [UInt8]

    init(_ name: String, _ end: End, _ make: @escaping @Sendable () -> [UInt8]) {
        self.name = name
        self.end = end
        self.make = make
    }

    var testDescription: String { name }
}

private let gigabyte = 1 << 30

private func flate(_ count: Int, nested levels: Int = 1, before: String = "", after: String = "") -> [UInt8] {
    var packed = Deflate.pack([.bytes(Array(before.utf8)), .zeros(count), .bytes(Array(after.utf8))])
    for _ in 1..<levels { packed = Deflate.repack(packed) }
    return packed
}

/// A page that draws object 5 over all of itself.
func drawing(_ resource: String = "/XObject<</X 5 0 R>>", times: Int = 1) -> HostilePDF {
    HostilePDF(
        page: "/Resources<<\(resource)>>", content: String(repeating: "q 200 0 0 100 0 0 cm /X Do Q\n", count: times))
}

private func image(_ bytes: [UInt8], _ entries: String) -> [UInt8] {
    drawing().with { $0.stream(5, bytes, "/Type/XObject/Subtype/Image\(entries)") }.bytes
}

/// Empty pages, each an object of its own.
private func many(pages count: Int) -> [UInt8] {
    HostilePDF().with { pdf in
        for number in 10..<10 + count { pdf.set(number, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>") }
        pdf.set(
            2, "<</Type/Pages/Kids[\((10..<10 + count).map { "\($0) 0 R" }.joined(separator: " "))]/Count \(count)>>")
    }.bytes
}

extension HostileDocument {
    // MARK: Pixels

    static let pixels = [
        HostileDocument("a page of 35,000 × 35,000 points", .page) {
            HostilePDF(page: "/MediaBox[0 0 35000 35000]", content: "0 0 17500 35000 re f").bytes
        },
        HostileDocument("a page of 10^30 points", .either) {
            HostilePDF(page: "/MediaBox[0 0 1e30 1e30]/UserUnit 1e30", content: "0 0 1 1 re f").bytes
        },
        HostileDocument("a page whose box is not a number of anything", .either) {
            HostilePDF(page: "/MediaBox[0 0 -0.0 99999999999999999999999999999999999999999]").bytes
        },
        HostileDocument("an image of 60,000 × 60,000 in a few bytes", .either) {
            image([0, 1, 2, 3], "/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8")
        },
        HostileDocument("an image of 60,000 × 60,000, all of it there", .either) {
            image(
                flate(60000 * 7500),
                "/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode")
        },
        HostileDocument("an image whose sides are the largest numbers", .either) {
            image([0], "/Width 2147483647/Height 2147483647/ColorSpace/DeviceCMYK/BitsPerComponent 16")
        },
        HostileDocument("an image of negative sides", .either) {
            image([0], "/Width -1/Height -2147483648/ColorSpace/DeviceRGB/BitsPerComponent 8")
        },
        HostileDocument("a mask of 50,000 × 50,000 on an image of one pixel", .either) {
            drawing().with {
                $0.stream(
                    5, [0, 0, 0],
                    "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceRGB/BitsPerComponent 8/SMask 6 0 R")
                $0.stream(
                    6, flate(50000 * 50000, nested: 2),
                    "/Type/XObject/Subtype/Image/Width 50000/Height 50000/ColorSpace/DeviceGray/BitsPerComponent 8"
                        + "/Filter[/FlateDecode/FlateDecode]")
            }.bytes
        },
        HostileDocument("a fax of 100,000,000 columns", .either) {
            image(
                [UInt8](repeating: 0x35, count: 5000),
                "/Width 100000000/Height 100000/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode"
                    + "/DecodeParms<</K -1/Columns 100000000/Rows 100000>>")
        },
        HostileDocument("a JBIG2 page of 4 billion rows", .either) {
            // A page information segment, and a generic region of the same size.
            image(
                [0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19, 0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xF0]
                    + [UInt8](repeating: 0, count: 11)
                    + [0, 0, 0, 1, 38, 0, 1, 0, 0, 0, 40, 0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xF0]
                    + [UInt8](repeating: 0, count: 40),
                "/Width 65536/Height 65536/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/JBIG2Decode")
        },
        HostileDocument("a JPEG 2000 of 4 billion pixels a side", .either) {
            // Start of codestream and a SIZ marker, cut off behind it.
            image(
                [
                    0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0,
                    0, 0, 0,
                ]
                    + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 1, 1],
                "/Filter/JPXDecode")
        },
        HostileDocument("a pattern of tiles a millionth of a point wide", .either) {
            HostilePDF(
                page: "/Resources<</Pattern<</P 5 0 R>>>>", content: "/Pattern cs /P scn 0 0 200 100 re f"
            ).with {
                $0.stream(
                    5, Array("0 0 1 1 re f".utf8),
                    "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.000001/YStep 0.000001"
                        + "/Resources<<>>")
            }.bytes
        },
        HostileDocument("three hundred transparent groups inside one another", .either) {
            let levels = 300
            return drawing("/XObject<</X 10 0 R>>").with { pdf in
                for level in 0..<levels {
                    pdf.stream(
                        10 + level, Array("/X Do 0 0 1 1 re f".utf8),
                        "/Type/XObject/Subtype/Form/BBox[0 0 200 100]/Group<</S/Transparency/I true/K true>>"
                            + "/Resources<</XObject<</X \(11 + level) 0 R>>>>")
                }
                pdf.stream(10 + levels, [], "/Type/XObject/Subtype/Form/BBox[0 0 200 100]")
            }.bytes
        },
    ]

    // MARK: Pages

    static let pages = [
        HostileDocument("a page tree that claims 10 million pages", .either) {
            HostilePDF().with { $0.set(2, "<</Type/Pages/Kids[3 0 R]/Count 10000000>>") }.bytes
        },
        HostileDocument("a page tree that claims fewer than none", .either) {
            HostilePDF().with { $0.set(2, "<</Type/Pages/Kids[3 0 R]/Count -2147483648>>") }.bytes
        },
        HostileDocument("100,001 pages", .refusal) {
            many(pages: 100_001)
        },
        HostileDocument("100,000 pages, which is as many as there may be", .page) {
            many(pages: 100_000)
        },
        HostileDocument("a page tree in a ring", .either) {
            HostilePDF().with {
                $0.set(2, "<</Type/Pages/Kids[5 0 R]/Count 5>>")
                $0.set(5, "<</Type/Pages/Kids[2 0 R 5 0 R]/Count 5/Parent 5 0 R>>")
            }.bytes
        },
        HostileDocument("a page tree 50,000 levels deep", .either) {
            HostilePDF().with { pdf in
                pdf.set(2, "<</Type/Pages/Kids[10 0 R]/Count 1>>")
                for level in 0..<50_000 {
                    pdf.set(10 + level, "<</Type/Pages/Kids[\(11 + level) 0 R]/Count 1/Parent \(9 + level) 0 R>>")
                }
                pdf.set(50_010, "<</Type/Page/Parent 50009 0 R/MediaBox[0 0 200 100]>>")
            }.bytes
        },
        HostileDocument("a page tree of which every node has itself twice", .either) {
            HostilePDF().with { pdf in
                for level in 0..<40 {
                    let next = 11 + level
                    pdf.set(10 + level, "<</Type/Pages/Kids[\(next) 0 R \(next) 0 R]/Count 1000000000>>")
                }
                pdf.set(50, "<</Type/Page/MediaBox[0 0 200 100]>>")
                pdf.set(2, "<</Type/Pages/Kids[10 0 R]/Count 1000000000>>")
            }.bytes
        },
    ]

    // MARK: Streams

    static let streams = [
        HostileDocument("content of a gigabyte of zeros in a megabyte", .either) {
            HostilePDF().with { $0.stream(4, flate(gigabyte), "/Filter/FlateDecode") }.bytes
        },
        HostileDocument("content of 100 gigabytes in some kilobytes, packed three times", .either) {
            HostilePDF().with {
                $0.stream(4, flate(gigabyte, nested: 3), "/Filter[/FlateDecode/FlateDecode/FlateDecode]")
                $0.set(
                    3,
                    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents[\(String(repeating: "4 0 R ", count: 100))]>>"
                )
            }.bytes
        },
        HostileDocument("a thousand filters on nothing", .either) {
            HostilePDF().with {
                $0.stream(4, Array(">".utf8), "/Filter[\(String(repeating: "/ASCIIHexDecode", count: 1000))]")
            }.bytes
        },
        HostileDocument("an object stream of a gigabyte", .either) {
            HostilePDF(page: "/Resources 6 0 R").with {
                $0.stream(5, flate(gigabyte, before: "6 0 "), "/Type/ObjStm/N 1/First 1073741000/Filter/FlateDecode")
                $0.addTrailer("/XRefStm 9")
            }.bytes
        },
        HostileDocument("a cross-reference stream of a gigabyte, for 2 billion objects", .either) {
            let dictionary =
                "<</Type/XRef/Size 2147483647/W[1 4 2]/Index[0 2147483647]/Root 1 0 R/Filter/FlateDecode/Length "
            let packed = flate(gigabyte)
            return Array("%PDF-1.7\n5 0 obj\(dictionary)\(packed.count)>>stream\n".utf8) + packed
                + Array("\nendstream endobj\nstartxref\n9\n%%EOF".utf8)
        },
        HostileDocument("a cross-reference stream with fields of 2 billion bytes", .either) {
            Array(
                """
                %PDF-1.7
                5 0 obj<</Type/XRef/Size 10/W[2147483647 2147483647 2147483647]/Root 1 0 R/Length 5>>stream
                abcde
                endstream endobj
                startxref
                9
                %%EOF
                """.utf8)
        },
        HostileDocument("an image of 30,000 × 30,000, all of it there", .either) {
            image(
                flate(30000 * 30000),
                "/Width 30000/Height 30000/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode")
        },
        HostileDocument("a colour profile of a gigabyte", .either) {
            drawing().with {
                $0.stream(
                    5, [0, 0, 0],
                    "/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace[/ICCBased 6 0 R]")
                $0.stream(6, flate(gigabyte), "/N 3/Filter/FlateDecode")
            }.bytes
        },
        HostileDocument("a font of two gigabytes", .either) {
            text("/Subtype/TrueType/FirstChar 65/LastChar 65/Widths[500]/FontDescriptor 6 0 R") {
                $0.set(6, "<</Type/FontDescriptor/FontName/F/Flags 32/FontFile2 7 0 R>>")
                $0.stream(7, flate(2 * gigabyte, before: "\0\u{1}\0\0"), "/Filter/FlateDecode")
            }
        },
        HostileDocument("a character map of a gigabyte", .either) {
            text(
                "/Subtype/Type0/Encoding 6 0 R/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/CIDSystemInfo 8 0 R>>]"
            ) {
                $0.stream(
                    6, flate(gigabyte, before: "begincmap 1 begincidrange <00000000> <ffffffff> 0 endcidrange "),
                    "/Type/CMap/CMapName/X/Filter/FlateDecode")
                $0.set(8, "<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>")
            }
        },
        HostileDocument("a stream whose length is itself", .either) {
            HostilePDF().with { $0.set(4, "<</Length 4 0 R>>stream\n0 0 1 1 re f\nendstream") }.bytes
        },
        HostileDocument("a stream that is longer than there are numbers", .either) {
            HostilePDF().with { $0.set(4, "<</Length 99999999999999999999>>stream\n0 0 1 1 re f\nendstream") }.bytes
        },
        HostileDocument("a predictor of 2 billion columns", .either) {
            HostilePDF().with {
                $0.stream(
                    4, flate(1000), "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 32>>")
            }.bytes
        },
        HostileDocument("a function of 10,000 × 10,000 samples", .either) {
            HostilePDF(
                page: "/Resources<</Shading<</S<</ShadingType 1/ColorSpace/DeviceRGB/Function 5 0 R>>>>>>",
                content: "/S sh"
            ).with {
                $0.stream(
                    5, flate(300_000_000),
                    "/FunctionType 0/Domain[0 1 0 1]/Range[0 1 0 1 0 1]/Size[10000 10000]/BitsPerSample 8/Filter/FlateDecode"
                )
            }.bytes
        },
    ]

    /// A page of one letter in a font, object 5, that is given.
    static func text(_ font: String, _ change: (inout HostilePDF) -> Void) -> [UInt8] {
        HostilePDF(page: "/Resources<</Font<</F 5 0 R>>>>", content: "BT /F 50 Tf 10 10 Td (AA) Tj ET").with {
            $0.set(5, "<</Type/Font/BaseFont/F\(font)>>")
            change(&$0)
        }.bytes
    }
}

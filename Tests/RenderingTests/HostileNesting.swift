private func nested(_ open: String, _ inside: String, _ close: String, levels: Int) -> String {
    String(repeating: open, count: levels) + inside + String(repeating: close, count: levels)
}

extension HostileDocument {
    // MARK: Nesting

    static let nesting = [
        HostileDocument("100,000 saved graphics states", .either) {
            HostilePDF(content: nested("q\n", "0 0 1 1 re f\n", "Q\n", levels: 100_000)).bytes
        },
        HostileDocument("100,000 arrays inside one another, in a page's content", .either) {
            HostilePDF(content: nested("[", "0", "]", levels: 100_000) + " TJ").bytes
        },
        HostileDocument("100,000 dictionaries inside one another, in an object", .either) {
            HostilePDF(page: "/Resources 5 0 R").with { $0.set(5, nested("<</A", " 0", ">>", levels: 100_000)) }.bytes
        },
        HostileDocument("a million brackets inside one another, in a string", .either) {
            HostilePDF(content: nested("(", "x", ")", levels: 1_000_000) + " Tj").bytes
        },
        HostileDocument("a form that draws itself", .either) {
            drawing().with {
                $0.stream(
                    5, Array("/X Do /X Do".utf8),
                    "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>")
            }.bytes
        },
        HostileDocument("forms that draw each other twice, 40 levels deep", .either) {
            drawing("/XObject<</X 10 0 R>>").with { pdf in
                for level in 0..<40 {
                    pdf.stream(
                        10 + level, Array("/X Do /X Do".utf8),
                        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X \(11 + level) 0 R>>>>")
                }
                pdf.stream(50, Array("0 0 1 1 re f".utf8), "/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
            }.bytes
        },
        HostileDocument("a pattern that is painted with itself", .either) {
            HostilePDF(page: "/Resources<</Pattern<</P 5 0 R>>>>", content: "/Pattern cs /P scn 0 0 9 9 re f").with {
                $0.stream(
                    5, Array("/Pattern cs /P scn 0 0 9 9 re f".utf8),
                    "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9"
                        + "/Resources<</Pattern<</P 5 0 R>>>>")
            }.bytes
        },
        HostileDocument("a letter that is drawn with itself", .either) {
            text(
                "/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar 65/Widths[9]/Encoding<<"
                    + "/Differences[65/A]>>/CharProcs<</A 6 0 R>>/Resources<</Font<</F 5 0 R>>>>"
            ) {
                $0.stream(6, Array("9 0 d0 BT /F 9 Tf (AA) Tj ET".utf8))
            }
        },
        HostileDocument("a soft mask that masks itself", .either) {
            HostilePDF(page: "/Resources<</ExtGState<</G 5 0 R>>>>", content: "/G gs 0 0 9 9 re f").with {
                $0.set(5, "<</SMask<</S/Luminosity/G 6 0 R>>>>")
                $0.stream(
                    6, Array("/G gs 0 0 9 9 re f".utf8),
                    "/Subtype/Form/BBox[0 0 9 9]/Group<</S/Transparency/CS/DeviceGray>>/Resources<</ExtGState<</G 5 0 R>>>>"
                )
            }.bytes
        },
        HostileDocument("a colour space that is based on itself", .either) {
            HostilePDF(page: "/Resources<</ColorSpace<</C 5 0 R>>>>", content: "/C cs 0 sc 0 0 9 9 re f").with {
                $0.set(5, "[/Indexed 6 0 R 255 (abc)]")
                $0.set(6, "[/Separation/X 5 0 R 7 0 R]")
                $0.set(7, "<</FunctionType 3/Domain[0 1]/Functions[7 0 R]/Bounds[]/Encode[0 1]>>")
            }.bytes
        },
        HostileDocument("a page box that is 50,000 references away", .either) {
            HostilePDF(page: "/MediaBox 10 0 R").with { pdf in
                for number in 10..<50_010 { pdf.set(number, "\(number + 1) 0 R") }
                pdf.set(50_010, "[0 0 9 9]")
            }.bytes
        },
        HostileDocument("a calculator of 50,000 levels", .refusal) {
            HostilePDF(
                page: "/Resources<</Shading<</S<</ShadingType 1/ColorSpace/DeviceGray/Function 5 0 R>>>>>>",
                content: "/S sh"
            ).with {
                $0.stream(
                    5, Array(("{pop " + nested("true {", "1", "} if ", levels: 50_000) + "}").utf8),
                    "/FunctionType 4/Domain[0 1 0 1]/Range[0 1]")
            }.bytes
        },
    ]

    // MARK: Structure

    static let structure = [
        HostileDocument("a cross-reference table that is its own predecessor", .either) {
            let pdf = HostilePDF(content: "0 0 1 1 re f")
            let start = pdf.bytes.count
            return pdf.with { $0.addTrailer("/Prev \(start)/XRefStm \(start)") }.bytes
        },
        HostileDocument("a cross-reference table of 2 billion lines", .either) {
            let text =
                "%PDF-1.4\nxref\n0 2147483647\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 2147483647>>\nstartxref\n9\n%%EOF"
            return Array(text.utf8)
        },
        HostileDocument("an object in an object stream in itself", .either) {
            HostilePDF(page: "/Resources 6 0 R").with {
                $0.stream(5, Array("5 0 6 4 <<>> <<>>".utf8), "/Type/ObjStm/N 2147483647/First 8/Extends 5 0 R")
            }.bytes
        },
        HostileDocument("scripts, programs and addresses to open", .page) {
            HostilePDF(page: "/AA<</O 6 0 R>>", content: "0 0 100 100 re f").with {
                $0.set(
                    1,
                    "<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R/Names<</JavaScript<</Names[(a) 5 0 R]>>>>/URI<</Base(http://localhost/)>>>>"
                )
                $0.set(5, "<</S/JavaScript/JS(while\\(true\\){app.alert\\(1\\)})/Next 6 0 R>>")
                $0.set(6, "<</S/Launch/F(/bin/sh)/Unix<</F(/bin/sh)>>/Next[5 0 R 7 0 R]>>")
                $0.set(7, "<</S/SubmitForm/F(http://localhost:1/)/Next 8 0 R>>")
                $0.set(8, "<</S/ImportData/F(/etc/passwd)>>")
            }.bytes
        },
        HostileDocument("content that lies in another file", .page) {
            HostilePDF().with {
                $0.set(
                    4, "<</Length 0/F(/etc/passwd)/FFilter/ASCIIHexDecode>>stream\n\nendstream")
            }.bytes
        },
        HostileDocument("an image and a form that lie in other files", .page) {
            drawing().with {
                $0.set(
                    5,
                    "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Ref<</F(/etc/passwd)/Page 0>>/Length 0/F<</Type/Filespec/FS/URL/F(http://localhost:1/)>>>>stream\n\nendstream"
                )
            }.bytes
        },
    ]
}

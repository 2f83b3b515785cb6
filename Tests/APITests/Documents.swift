/// Small documents made for tests.
enum Documents {
    /// A PDF with one line of text on each page.
    static func pdf(pages: Int, trailer: String = "") -> [UInt8] {
        var objects = ["<</Type/Catalog/Pages 2 0 R>>"]
        let kids = (0..<pages).map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        objects.append("<</Type/Pages/Count \(pages)/Kids[\(kids)]>>")
        objects.append("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
        for page in 1...max(1, pages) {
            let content = "BT /F 24 Tf 20 50 Td (Page number \(page)) Tj ET"
            objects.append(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Resources<</Font<</F 3 0 R>>>>"
                    + "/Contents \(5 + 2 * (page - 1)) 0 R>>")
            objects.append("<</Length \(content.utf8.count)>>stream\n\(content)\nendstream")
        }
        var file = "%PDF-1.4\n"
        var offsets: [Int] = []
        for (index, object) in objects.enumerated() {
            offsets.append(file.utf8.count)
            file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = file.utf8.count
        file += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            file += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        file += "trailer\n<</Size \(objects.count + 1)/Root 1 0 R\(trailer)>>\nstartxref\n\(start)\n%%EOF\n"
        return Array(file.utf8)
    }

    /// A PDF whose password nobody has.
    static var encrypted: [UInt8] {
        let hash = String(repeating: "5c", count: 32)
        return pdf(
            pages: 1,
            trailer: "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<\(hash)>/U<\(hash)>>>/ID[<0011><0011>]")
    }

    /// A grey picture of 64 × 64 pixels, uncompressed.
    static var tiff: [UInt8] {
        func entry(_ tag: UInt8, _ type: UInt8, _ value: UInt16) -> [UInt8] {
            [tag, 1, type, 0, 1, 0, 0, 0, UInt8(value & 255), UInt8(value >> 8), 0, 0]
        }
        let fields =
            entry(0, 3, 64) + entry(1, 3, 64) + entry(2, 3, 8) + entry(3, 3, 1) + entry(6, 3, 1) + entry(17, 4, 134)
            + entry(21, 3, 1) + entry(22, 3, 64) + entry(23, 4, 4096) + entry(28, 3, 1)
        return [0x49, 0x49, 42, 0, 8, 0, 0, 0, 10, 0] + fields + [0, 0, 0, 0] + [UInt8](repeating: 200, count: 4096)
    }

    /// A form with one file in it, and other fields before it, boundary `XX`.
    static func form(
        _ content: [UInt8], name: String = "file", fileName: String = "scan.pdf", fields: [String: String] = [:]
    ) -> [UInt8] {
        let others = fields.map { "--XX\r\nContent-Disposition: form-data; name=\"\($0.key)\"\r\n\r\n\($0.value)\r\n" }
        let head =
            others.joined()
            + "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(fileName)\"\r\n\r\n"
        return Array(head.utf8) + content + Array("\r\n--XX--\r\n".utf8)
    }
}

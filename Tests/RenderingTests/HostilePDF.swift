/// A PDF of one page, put together by hand, for what no program writes. Objects 1 to 4 are the catalogue, the page tree, the
/// page and its content, unless they are given otherwise.
struct HostilePDF {
    private var objects: [Int: [UInt8]] = [:]
    private var trailer = ""

    init(page: String = "", content: String = "") {
        set(1, "<</Type/Catalog/Pages 2 0 R>>")
        set(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
        set(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R\(page)>>")
        stream(4, Array(content.utf8))
    }

    mutating func set(_ number: Int, _ text: String) {
        objects[number] = Array(text.utf8)
    }

    mutating func stream(_ number: Int, _ bytes: [UInt8], _ dictionary: String = "") {
        objects[number] =
            Array("<</Length \(bytes.count)\(dictionary)>>\nstream\n".utf8) + bytes + Array("\nendstream".utf8)
    }

    mutating func addTrailer(_ entries: String) {
        trailer += entries
    }

    func with(_ change: (inout HostilePDF) -> Void) -> HostilePDF {
        var copy = self
        change(&copy)
        return copy
    }

    /// With a cross-reference table that is right.
    var bytes: [UInt8] {
        var bytes = Array("%PDF-1.7\n".utf8)
        var offsets: [Int: Int] = [:]
        for (number, body) in objects.sorted(by: { $0.key < $1.key }) {
            offsets[number] = bytes.count
            bytes += Array("\(number) 0 obj\n".utf8) + body + Array("\nendobj\n".utf8)
        }
        let start = bytes.count
        let size = (objects.keys.max() ?? 0) + 1
        var table = "xref\n0 \(size)\n0000000000 65535 f \n"
        for number in 1..<size {
            let digits = String(offsets[number] ?? 0)
            let place = String(repeating: "0", count: 10 - digits.count) + digits
            table += "\(place) 00000 \(offsets[number] == nil ? "f" : "n") \n"
        }
        table += "trailer<</Root 1 0 R/Size \(size)\(trailer)>>\nstartxref\n\(start)\n%%EOF\n"
        return bytes + Array(table.utf8)
    }
}

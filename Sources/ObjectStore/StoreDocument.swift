import Downloads

/// The XML that uploads in parts are made of: what the store says, and what it is told.
enum StoreDocument {
    /// S3's name of an error; nil for anything else than an error's document.
    static func errorCode(_ bytes: [UInt8]) -> String? {
        guard let code = read(bytes, root: "Error", field: "Code"), (1...64).contains(code.utf8.count),
            code.utf8.allSatisfy({
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            })
        else { return nil }
        return code
    }

    /// The answer to the request that begins an upload in parts.
    static func uploadID(_ bytes: [UInt8]) -> String? {
        guard let id = read(bytes, root: "InitiateMultipartUploadResult", field: "UploadId"),
            (1...2048).contains(id.utf8.count)
        else { return nil }
        return id
    }

    /// The answer to the request that ends one: nil where it is not what says so, though the status did.
    static func completedETag(_ bytes: [UInt8]) -> String? {
        read(bytes, root: "CompleteMultipartUploadResult", field: "ETag")
    }

    /// - Parameter etags: of the parts in order, as the store gave them.
    static func completion(_ etags: [String]) -> [UInt8] {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for (index, etag) in etags.enumerated() {
            text += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(escaped(etag))</ETag></Part>"
        }
        return Array((text + "</CompleteMultipartUpload>").utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func read(_ bytes: [UInt8], root: String, field: String) -> String? {
        var found: String?
        // While it works a store sends white space to keep the connection, before the document's very first line.
        let document = bytes.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        let isWhole = PlainXML.read(Array(document)) { path, text in if path == [root, field] { found = text } }
        return isWhole ? found : nil
    }
}

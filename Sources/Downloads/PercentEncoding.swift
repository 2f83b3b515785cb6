/// Names as parts of a URL: everything that RFC 3986 does not call unreserved as `%` and two digits in upper case, as
/// Signature Version 4 wants it too.
package enum PercentEncoding {
    /// A path, whose slashes stay.
    package static func path(_ text: String) -> String { encode(text, keepingSlashes: true) }

    package static func component(_ text: String) -> String { encode(text, keepingSlashes: false) }

    private static func encode(_ text: String, keepingSlashes: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where keepingSlashes: result += "/"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

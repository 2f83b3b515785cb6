import FoundationEssentials

/// A picture inside a request: `data:image/png;base64,…` (RFC 2397, as far as chat completions use it).
package enum DataURL {
    /// The picture's bytes.
    ///
    /// White space within the base64 text is ignored, for some encoders wrap their lines.
    ///
    /// - Parameters:
    ///   - parameter: the field that the URL stands in, for the error.
    ///   - maximumBytes: the largest picture accepted, decoded.
    /// - Throws: 400 for anything but an inline PNG or JPEG in base64, 413 for one that is too large.
    package static func decode(
        _ url: String, parameter: String, maximumBytes: Int
    ) throws(ProblemReport) -> [UInt8] {
        func refusal(_ message: String, _ code: String, status: Int = 400) -> ProblemReport {
            ProblemReport(status: status, message: message, parameter: parameter, code: code)
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "data" else {
            guard scheme == "http" || scheme == "https" else {
                throw refusal("the image must be a data URL such as data:image/png;base64,…", "invalid_image_url")
            }
            throw refusal(
                "images are not fetched from elsewhere: send the image itself as a data URL", "unsupported_image_url")
        }
        guard let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")) else {
            throw refusal("the data URL has no comma between its type and its data", "invalid_image_url")
        }
        let fields = url[..<comma].dropFirst("data:".count).split(separator: ";", omittingEmptySubsequences: false)
        let type = fields.first.map { $0.lowercased() } ?? ""
        guard ["image/png", "image/jpeg", "image/jpg"].contains(type) else {
            throw refusal("the image is declared as \"\(type.prefix(60))\"; PNG and JPEG are read", "unsupported_image")
        }
        guard fields.dropFirst().last?.lowercased() == "base64" else {
            throw refusal("the data URL must be in base64", "invalid_image_url")
        }
        let text = url[url.utf8.index(after: comma)...]
        // Before anything is decoded: 4 characters are up to 3 bytes, and line ends are a fraction on top.
        guard text.utf8.count / 4 * 3 <= maximumBytes + maximumBytes / 16 + 3 else {
            throw refusal("the image is larger than \(maximumBytes) bytes", "image_too_large", status: 413)
        }
        let bytes = Data(text.utf8.filter { $0 > 0x20 })
        guard let data = Data(base64Encoded: bytes), !data.isEmpty else {
            throw refusal("the image's data is not base64", "invalid_base64")
        }
        guard data.count <= maximumBytes else {
            throw refusal("the image is larger than \(maximumBytes) bytes", "image_too_large", status: 413)
        }
        return Array(data)
    }
}

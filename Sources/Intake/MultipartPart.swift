/// The header of one part of a form (RFC 7578 §4).
package struct MultipartPart: Sendable, Equatable {
    /// The form field's name.
    package var name: String
    /// As the client sent it: a label, never a path. `filename*` wins over `filename`; nil when there is neither.
    package var fileName: String?
    /// As the client sent it; what the content is, is found out from the content.
    package var contentType: String?

    package init(name: String, fileName: String? = nil, contentType: String? = nil) {
        self.name = name
        self.fileName = fileName
        self.contentType = contentType
    }

    /// Reads a header block: lines that end in CRLF, without the empty line after them.
    init(headerBlock: some BidirectionalCollection<UInt8>, maximumFields: Int) throws(MultipartError) {
        var disposition: HeaderValue?
        var contentType: String?
        var count = 0
        for line in headerBlock.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
            count += 1
            if count > maximumFields { throw .tooManyHeaders(limit: maximumFields) }
            // Names of files are UTF-8 in practice; anything else is repaired, for it is only a label.
            let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
            guard let colon = text.firstIndex(of: ":"), Self.isToken(text[..<colon]) else {
                throw .malformed("a part's header line is not of the form `Name: value`")
            }
            let value = String(text[text.index(after: colon)...]).trimmed
            switch text[..<colon].lowercased() {
            case "content-disposition": disposition = HeaderValue(value)
            case "content-type": contentType = value
            default: break
            }
        }
        guard let disposition, disposition.main == "form-data", let name = disposition.parameter("name") else {
            throw .malformed("a part has no `Content-Disposition: form-data; name=…`")
        }
        self.name = name
        self.contentType = contentType
        fileName =
            disposition.parameter("filename*").flatMap(HeaderValue.decodeExtended) ?? disposition.parameter("filename")
    }

    private static func isToken(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

/// What is wrong with a multipart body or its declaration.
package enum MultipartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The request is not `multipart/form-data`.
    case notMultipart
    /// The `boundary` parameter is missing, longer than 70 characters, or holds a character it may not.
    case badBoundary
    case malformed(String)
    case headersTooLong(limit: Int)
    case tooManyHeaders(limit: Int)
    case tooManyParts(limit: Int)
    /// The body ended before its closing boundary.
    case endedEarly

    package var description: String {
        switch self {
        case .notMultipart: "The request is not multipart/form-data; send the document as the form field \"file\"."
        case .badBoundary: "The Content-Type has no valid boundary parameter (1 to 70 characters, RFC 2046)."
        case .malformed(let what): "The multipart body is malformed: \(what)."
        case .headersTooLong(let limit): "A part's header is longer than \(limit) bytes."
        case .tooManyHeaders(let limit): "A part has more than \(limit) header lines."
        case .tooManyParts(let limit): "The form has more than \(limit) parts."
        case .endedEarly: "The request body ended early: its closing boundary is missing. Send the document again."
        }
    }
}

/// An object of a listing.
package struct S3Object: Sendable, Equatable {
    package var key: String
    package var size: Int64
    /// With its quotes.
    package var etag: String?

    package init(key: String, size: Int64, etag: String?) {
        self.key = key
        self.size = size
        self.etag = etag
    }
}

/// One page of the list of a bucket's objects: the answer to `ListObjectsV2`.
package struct S3Listing: Sendable, Equatable {
    package var objects: [S3Object] = []
    /// For the next page; nil for the last one.
    package var nextToken: String?

    /// - Returns: nil for what is no such document, or not whole.
    package init?(_ bytes: [UInt8]) {
        var isTruncated = false
        var object: (key: String?, size: Int64?, etag: String?) = (nil, nil, nil)
        var isValid = true
        var objects: [S3Object] = []
        var token: String?
        let isWhole = PlainXML.read(bytes) { path, text in
            switch path {
            case ["ListBucketResult", "IsTruncated"]: isTruncated = text == "true"
            case ["ListBucketResult", "NextContinuationToken"]: token = text
            case ["ListBucketResult", "Contents", "Key"]: object.key = text
            case ["ListBucketResult", "Contents", "Size"]: object.size = Int64(text)
            case ["ListBucketResult", "Contents", "ETag"]: object.etag = text
            case ["ListBucketResult", "Contents"]:
                if let key = object.key, let size = object.size, size >= 0 {
                    objects.append(S3Object(key: key, size: size, etag: object.etag))
                } else {
                    isValid = false
                }
                object = (nil, nil, nil)
            case ["ListBucketResult"]: break
            default: if path.first != "ListBucketResult" { isValid = false }
            }
        }
        // A page that says it goes on, and not where, would be a list that lacks the rest.
        guard isWhole, isValid, !isTruncated || token?.isEmpty == false else { return nil }
        self.objects = objects
        nextToken = isTruncated ? token : nil
    }
}

/// As much of XML as answers of services are made of: elements, text, character references. A document type, with which
/// a document could name other files or grow without bound, is refused.
package enum PlainXML {
    private static let deepest = 16

    /// - Parameter visit: called at the end of each element with the names from the outermost on, and the text directly
    ///   inside of it.
    /// - Returns: whether it was one whole document.
    package static func read(_ bytes: [UInt8], visit: ([String], String) -> Void) -> Bool {
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var path: [String] = []
        var texts: [String] = []
        var hasEnded = false
        while let first = rest.first {
            if first != UInt8(ascii: "<") {
                let end = rest.firstIndex(of: UInt8(ascii: "<")) ?? rest.endIndex
                guard let text = unescaped(rest[..<end]) else { return false }
                rest = rest[end...]
                if path.isEmpty {
                    guard text.allSatisfy(\.isWhitespace) else { return false }
                } else {
                    texts[texts.count - 1] += text
                }
                continue
            }
            if let after = skipped(rest, from: "<?", to: "?>") ?? skipped(rest, from: "<!--", to: "-->") {
                rest = after
                continue
            }
            guard let end = tagEnd(rest) else { return false }
            let inside = rest[(rest.startIndex + 1)..<end]
            rest = rest[(end + 1)...]
            if inside.first == UInt8(ascii: "/") {
                guard let name = name(inside.dropFirst()), path.last == name else { return false }
                visit(path, texts.removeLast())
                path.removeLast()
                hasEnded = path.isEmpty
            } else {
                guard !hasEnded, path.count < deepest, let name = name(inside) else { return false }
                path.append(name)
                texts.append("")
                if inside.last == UInt8(ascii: "/") {
                    visit(path, texts.removeLast())
                    path.removeLast()
                    hasEnded = path.isEmpty
                }
            }
        }
        return hasEnded
    }

    private static func skipped(_ bytes: ArraySlice<UInt8>, from begin: String, to end: String) -> ArraySlice<UInt8>? {
        guard bytes.starts(with: begin.utf8), let range = bytes.firstRange(of: Array(end.utf8)) else { return nil }
        return bytes[range.upperBound...]
    }

    /// Where a tag's `>` is: not one in an attribute's value.
    private static func tagEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        var quote: UInt8?
        for index in bytes.indices.dropFirst() {
            let byte = bytes[index]
            switch byte {
            case quote: quote = nil
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = quote ?? byte
            case UInt8(ascii: ">") where quote == nil: return index
            case UInt8(ascii: "<") where quote == nil: return nil
            default: break
            }
        }
        return nil
    }

    /// A tag's name without its prefix; nil for what begins like a declaration, or with nothing.
    private static func name(_ tag: ArraySlice<UInt8>) -> String? {
        let whole = tag.prefix { !" \t\r\n/".utf8.contains($0) }
        guard let first = whole.first, first != UInt8(ascii: "!"), first != UInt8(ascii: "?") else { return nil }
        return String(decoding: whole, as: UTF8.self).split(separator: ":").last.map(String.init)
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            guard let end = rest.prefix(10).firstIndex(of: ";"), let character = character(rest[..<end]) else {
                return nil
            }
            result.unicodeScalars.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        default:
            if name.hasPrefix("#x") {
                UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            } else if name.hasPrefix("#") {
                UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
            } else {
                nil
            }
        }
    }
}

extension Downloader {
    /// All objects whose keys begin with `prefix`, in order.
    ///
    /// - Parameter maximumObjects: more are an error, rather than a list without end.
    package func list(
        _ bucket: S3Bucket, prefix: String, signing: S3Signing?, maximumObjects: Int = 10_000,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DownloadError) -> [S3Object] {
        var objects: [S3Object] = []
        var token: String?
        repeat {
            let url = bucket.listURL(prefix: prefix, after: token)
            let page = try text(url, signing: signing, isCancelled: isCancelled)
            let what = "the list of s3://\(bucket.name)/\(prefix)"
            let host = Origin(url)?.shown ?? ""
            guard let listing = S3Listing(page.body), listing.nextToken == nil || listing.nextToken != token else {
                throw Failure.badAnswer("it is no list of objects; is this an S3 endpoint?").error(
                    host: host, file: what)
            }
            objects += listing.objects
            token = listing.nextToken
            guard objects.count <= maximumObjects else {
                throw Failure(
                    kind: .tooLarge, reason: "it has more than \(maximumObjects) objects; give a longer prefix"
                )
                .error(host: host, file: what)
            }
        } while token != nil
        return objects
    }
}

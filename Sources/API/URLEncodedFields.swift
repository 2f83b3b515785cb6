/// The fields of a body of `application/x-www-form-urlencoded` (WHATWG URL, 5.1). Pure.
struct URLEncodedFields {
    /// Texts by the names of their fields. Of several fields of one name the first counts, as of a multipart form.
    private(set) var texts: [String: String] = [:]
    /// Names of fields that are not in ``texts``: too long, too many, or no UTF-8.
    private(set) var unread: Set<String> = []

    /// As many, and as long, as of a multipart form.
    static let maximumBytes = 4096
    static let maximumCount = 16

    init(_ body: [UInt8]) {
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            let value = pair.dropFirst(name.count + 1)
            // A name that is no text is nobody's.
            guard let name = String(validating: Self.decoded(name), as: UTF8.self), texts[name] == nil,
                !unread.contains(name)
            else { continue }
            let bytes = Self.decoded(value)
            guard bytes.count <= Self.maximumBytes, texts.count < Self.maximumCount,
                let text = String(validating: bytes, as: UTF8.self)
            else {
                unread.insert(name)
                continue
            }
            texts[name] = text
        }
    }

    /// A percent sign without two digits behind it stands for itself, as in browsers.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                if let high = digit(rest.first), let low = digit(rest.dropFirst().first) {
                    result.append(high << 4 | low)
                    rest = rest.dropFirst(2)
                } else {
                    result.append(byte)
                }
            default: result.append(byte)
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): byte.map { $0 - UInt8(ascii: "0") }
        case .some(UInt8(ascii: "a")...UInt8(ascii: "f")): byte.map { $0 - UInt8(ascii: "a") + 10 }
        case .some(UInt8(ascii: "A")...UInt8(ascii: "F")): byte.map { $0 - UInt8(ascii: "A") + 10 }
        default: nil
        }
    }
}

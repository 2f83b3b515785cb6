/// `s3://BUCKET/KEY`: an object, or with a slash at its end or without a key a prefix.
///
/// The key is as it is written: `%20` in it is a percent sign and two digits. Keys are equal when their bytes are.
package struct ObjectPlace: Sendable {
    package let bucket: String
    /// At most 1024 bytes of UTF-8; empty where all of the bucket is meant.
    package let key: String

    private static let longestKey = 1024

    /// - Returns: nil for what no bucket is called, a key with control characters, or one with a part that a program on the
    ///   way could take for a folder above: `.` and `..`.
    package init?(_ text: String) {
        // By bytes: a letter with an accent of its own behind a slash would be no slash to `Character`.
        guard text.utf8.starts(with: "s3://".utf8) else { return nil }
        let rest = text.utf8.dropFirst(5)
        let name = rest.prefix { $0 != UInt8(ascii: "/") }
        guard let key = String(rest[name.endIndex...].dropFirst()), let bucket = String(name) else { return nil }
        self.init(bucket: bucket, key: key)
    }

    init?(bucket: String, key: String) {
        guard Self.isBucket(bucket), key.utf8.count <= Self.longestKey else { return nil }
        guard !key.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return nil }
        let isPlain = key.utf8.split(separator: UInt8(ascii: "/")).allSatisfy {
            !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
        }
        guard isPlain else { return nil }
        self.bucket = bucket
        self.key = key
    }

    /// What buckets are called, the older ones too, which may have capital letters, underscores and 255 characters.
    package static func isBucket(_ name: some StringProtocol) -> Bool {
        guard (3...255).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    package var url: String { "s3://\(bucket)/\(key)" }

    package var isPrefix: Bool { key.isEmpty || key.utf8.last == UInt8(ascii: "/") }

    /// The same as a prefix: with a slash at its end, where it names anything in the bucket. Nil where the slash is one byte
    /// too many.
    package var folder: ObjectPlace? { isPrefix ? self : ObjectPlace(bucket: bucket, key: "\(key)/") }

    /// What `name` is called below this prefix.
    package func appending(_ name: String) -> ObjectPlace? {
        folder.flatMap { ObjectPlace(bucket: bucket, key: $0.key + name) }
    }

    /// Whether this is `prefix` itself or lies below it, as folders lie in one another: `a/bc` is not below `a/b`.
    package func isBelow(_ prefix: ObjectPlace) -> Bool {
        guard prefix.bucket == bucket else { return false }
        if prefix.key.isEmpty || prefix == self { return true }
        return prefix.folder.map { key.utf8.starts(with: $0.key.utf8) } ?? false
    }
}

extension ObjectPlace: Equatable {
    /// Strings of Swift are equal where they look the same; keys are bytes.
    package static func == (left: ObjectPlace, right: ObjectPlace) -> Bool {
        left.bucket == right.bucket && left.key.utf8.elementsEqual(right.key.utf8)
    }
}

/// `traceparent` (W3C Trace Context, level 1, §3.2): which trace of the caller's a request belongs to.
package enum TraceContext {
    /// What may be passed on; nil for anything that is none, which is as if it had not been sent.
    ///
    /// We make no spans of our own, so the caller's is the engine's parent as it is. Of a version that we do not know, what the
    /// first one has is taken, as §3.2.4 asks.
    package static func valid(_ text: String?) -> String? {
        guard let text, text.utf8.count >= length, text.utf8.count <= 512 else { return nil }
        let head = Array(text.utf8.prefix(length))
        let parts = head.split(separator: dash, omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 32, 16, 2], parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return nil }
        guard !parts[0].elementsEqual("ff".utf8), !isZero(parts[1]), !isZero(parts[2]) else { return nil }
        let isFirstVersion = isZero(parts[0])
        let rest = text.utf8.dropFirst(length)
        guard rest.isEmpty || !isFirstVersion && rest.first == dash else { return nil }
        return "00" + String(decoding: head.dropFirst(2), as: UTF8.self)
    }

    /// Bytes of `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
    private static let length = 55
    private static let dash = UInt8(ascii: "-")

    private static func isZero(_ digits: ArraySlice<UInt8>) -> Bool { digits.allSatisfy { $0 == UInt8(ascii: "0") } }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}

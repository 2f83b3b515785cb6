import NIOCore

/// Collects the small text fields of a form while it arrives.
struct FormFields {
    /// Texts by the names of their fields. Of several fields of one name the first counts.
    private(set) var texts: [String: String] = [:]
    /// Names of fields that were sent and are not in ``texts``: too long, too many, or no UTF-8.
    private(set) var unread: Set<String> = []

    private var name: String?
    private var bytes: [UInt8] = []

    /// Bytes that a field's text may have.
    static let maximumBytes = 4096
    static let maximumCount = 16
    /// Bytes that a field's name may have.
    private static let maximumNameBytes = 128

    mutating func begin(_ part: MultipartPart) {
        bytes = []
        name = nil
        // A file in another field is not ours to judge, and a long name is nothing that anybody asks for.
        guard part.fileName == nil, part.name.utf8.count <= Self.maximumNameBytes else { return }
        guard texts[part.name] == nil, !unread.contains(part.name) else { return }
        guard texts.count < Self.maximumCount else {
            unread.insert(part.name)
            return
        }
        name = part.name
    }

    mutating func take(_ data: ByteBuffer) {
        guard let name else { return }
        guard bytes.count + data.readableBytes <= Self.maximumBytes else {
            unread.insert(name)
            self.name = nil
            bytes = []
            return
        }
        bytes += data.readableBytesView
    }

    mutating func end() {
        guard let name else { return }
        if let text = String(validating: bytes, as: UTF8.self) { texts[name] = text } else { unread.insert(name) }
        self.name = nil
    }
}

import FoundationEssentials

/// What stands in a lease's file: JSON, filled up with blanks to one length, so that it is renewed in place, on a full disk
/// too.
struct LeaseRecord: Codable, Equatable {
    /// 128 random bits: process ids and host names mean nothing on another node.
    var owner: String
    /// Another one with each renewal: what makes the content change.
    var sequence: UInt64
    /// The kernel on which the owner keeps a lock on this file, where it could lock it and that proves something.
    var boot: String?
    var isReleased = false
    var note: LeaseNote

    /// In bytes. Below a disk's sector: it is written as a whole or not.
    static let length = 512

    /// - Returns: nil for what is no record of ours; a half-written one is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, let record = try? JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
        else { return nil }
        self = record
    }

    init(owner: String, boot: String?) {
        self.owner = owner
        sequence = 0
        self.boot = boot
        note = LeaseNote()
    }

    var bytes: [UInt8] {
        var record = self
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A name that is long, or long once it is escaped, is shown without.
        for file in [String(note.file.prefix(160)), ""] {
            record.note.file = file
            guard let data = try? encoder.encode(record), data.count < Self.length else { continue }
            return Array(data) + Array(repeating: UInt8(ascii: " "), count: Self.length - 1 - data.count)
                + [UInt8(ascii: "\n")]
        }
        return Array(repeating: UInt8(ascii: " "), count: Self.length)
    }
}

import FoundationEssentials

/// What of a partial file is there and synced, and of which file of the host it is. It lies beside as `….partial.json`.
///
/// Nothing in it depends on the URL: another host with the same file goes on where this one was left.
package struct Journal: Codable, Sendable, Equatable {
    package var version = 1
    package var size: Int64
    /// The strong ETag or the date of change that goes with the bytes; nil where the host has none.
    package var validator: String?
    /// What the file's SHA-256 is to be in the end, where it is known.
    package var sha256: String?
    /// Pairs of first byte and the byte after the last, in order, apart from each other.
    package var ranges: [[Int64]]

    package enum CodingKeys: String, CodingKey {
        case version, size, validator, sha256, ranges
    }

    package init(size: Int64, validator: String?, sha256: String?, ranges: [Range<Int64>]) {
        self.size = size
        self.validator = validator
        self.sha256 = sha256
        self.ranges = ranges.map { [$0.lowerBound, $0.upperBound] }
    }

    /// - Returns: nil for what is none, or makes no sense.
    package init?(_ bytes: [UInt8]) {
        guard let journal = try? JSONDecoder().decode(Journal.self, from: Data(bytes)), journal.version == 1,
            journal.size > 0
        else { return nil }
        var end: Int64 = -1
        for range in journal.ranges {
            guard range.count == 2, range[0] > end, range[0] >= 0, range[1] > range[0], range[1] <= journal.size else {
                return nil
            }
            end = range[1]
        }
        self = journal
    }

    package var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Numbers and strings: nothing that cannot be encoded.
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    package var done: [Range<Int64>] { ranges.map { $0[0]..<$0[1] } }

    /// What is not there yet.
    package var missing: [Range<Int64>] {
        var start: Int64 = 0
        var gaps: [Range<Int64>] = []
        for range in done {
            if start < range.lowerBound { gaps.append(start..<range.lowerBound) }
            start = range.upperBound
        }
        if start < size { gaps.append(start..<size) }
        return gaps
    }

    /// Whether its bytes may be part of `item`: of the right size, and of the same file by what both say.
    package func belongs(to item: DownloadItem, fileSize: Int64) -> Bool {
        guard item.size ?? size == size, fileSize >= ranges.last?[1] ?? 0 else { return false }
        // With the hash nothing wrong can come of it. Without, the host must be able to say that it is the same file.
        if let sha256 = item.sha256 { return self.sha256 == sha256 || (self.sha256 == nil && validator != nil) }
        return validator != nil
    }
}

extension [Range<Int64>] {
    /// In order, with those that touch made one.
    package var inOrder: [Range<Int64>] {
        var result: [Range<Int64>] = []
        for range in sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = result.last, last.upperBound >= range.lowerBound {
                result[result.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}

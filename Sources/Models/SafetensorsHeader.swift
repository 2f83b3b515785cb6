import FoundationEssentials
import Glibc

/// The beginning of a `.safetensors` file, which says how long the whole is: eight bytes with the length of the header
/// (little endian), the header as JSON, and the tensors, each with its offsets behind the header.
/// (github.com/huggingface/safetensors, "Format")
enum SafetensorsHeader {
    /// In bytes; the format's own limit.
    static let longest: Int64 = 100_000_000

    /// What is wrong with a file; nil where it is exactly as long as it says.
    ///
    /// - Parameter size: of the file, in bytes.
    static func problem(_ path: String, size: Int64) throws(FileFailure) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        var first = [UInt8](repeating: 0, count: 8)
        guard try read(descriptor, into: &first, at: 0, path) else {
            return "is no safetensors file: it has \(size) bytes, and its header's length alone takes 8"
        }
        // As an unsigned number: garbage must not come out as a small length.
        let stated = first.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        guard stated >= 2, stated <= UInt64(longest) else {
            return "is no safetensors file: its header would have \(stated) bytes"
        }
        let length = Int64(stated)
        guard 8 + length <= size else { return "ends after \(size) bytes, within its header of \(length)" }
        var header = [UInt8](repeating: 0, count: Int(length))
        guard try read(descriptor, into: &header, at: 8, path) else { return "ends within its header" }
        guard header.first == UInt8(ascii: "{"),
            let tensors = try? JSONDecoder().decode([String: Tensor].self, from: Data(header))
        else { return "has a header that is no JSON of tensors" }
        var end: Int64 = 0
        for (name, tensor) in tensors where name != "__metadata__" {
            guard let offsets = tensor.offsets, offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0] else {
                return "has a tensor without offsets"
            }
            end = max(end, offsets[1])
        }
        let (expected, overflow) = (8 + length).addingReportingOverflow(end)
        if overflow { return "has a tensor that ends beyond all files" }
        if size < expected { return "has \(size) of the \(expected) bytes that its header tells" }
        if size > expected { return "has \(size) bytes, and its header tells of \(expected)" }
        return nil
    }

    /// One entry of the header. That of the metadata has other keys, and may have any.
    private struct Tensor: Decodable {
        var offsets: [Int64]?

        enum CodingKeys: String, CodingKey { case offsets = "data_offsets" }

        init(from decoder: any Decoder) throws {
            offsets = try? decoder.container(keyedBy: CodingKeys.self).decode([Int64].self, forKey: .offsets)
        }
    }

    /// - Returns: false where the file ends before.
    private static func read(
        _ descriptor: CInt, into bytes: inout [UInt8], at offset: Int, _ path: String
    ) throws(FileFailure) -> Bool {
        var done = 0
        let wanted = bytes.count
        while done < wanted {
            let count = bytes[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure("read", path, code: errno) }
            if count == 0 { return false }
            done += count
        }
        return true
    }
}

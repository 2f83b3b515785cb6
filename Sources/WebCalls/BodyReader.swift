import CCurl
import Glibc

/// A request's body, handed over in pieces.
struct BodyReader {
    private let body: WebCall.Body
    let count: Int
    private var position = 0
    /// Why it could not be read; nil while it could.
    private(set) var problem: String?

    init(_ body: WebCall.Body) {
        self.body = body
        count = body.count
    }

    /// - Returns: the number of bytes, 0 at the end, or what tells libcurl to end the exchange.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let wanted = min(buffer.count, count - position)
        guard wanted > 0 else { return 0 }
        let got: Int
        switch body {
        case .bytes(let bytes):
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + wanted]))
            }
            got = wanted
        case .file(let descriptor, let start, _):
            got = Self.read(
                descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]),
                at: start + Int64(position))
        }
        guard got > 0 else {
            problem =
                got == 0
                ? "the file is shorter than it was" : "the file cannot be read: \(String(cString: strerror(errno)))"
            return Int(CURL_READFUNC_ABORT)
        }
        position += got
        return got
    }

    mutating func seek(to offset: Int64) -> Bool {
        guard (0...Int64(count)).contains(offset) else { return false }
        position = Int(offset)
        return true
    }

    private static func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        while true {
            let got = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            guard got < 0, errno == EINTR else { return got }
        }
    }
}

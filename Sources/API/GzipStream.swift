import CZlib
import NIOCore

/// Compresses a stream as `gzip` (RFC 1952). Not for more than one task at a time.
final class GzipStream {
    private var stream = z_stream()
    private var isOpen = false

    /// Text becomes a third at this level; the next ones take twice the time for a tenth less.
    private static let level: CInt = 4
    /// The largest window, and a gzip header around it.
    private static let window: CInt = 15 + 16
    private static let memory: CInt = 8

    /// - Returns: nil where there is no memory for it.
    init?() {
        let size = CInt(MemoryLayout<z_stream>.size)
        let code = deflateInit2_(
            &stream, Self.level, Z_DEFLATED, Self.window, Self.memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        guard code == Z_OK else { return nil }
        isOpen = true
    }

    deinit { if isOpen { deflateEnd(&stream) } }

    /// - Returns: what is ready of the compressed bytes; it may be nothing.
    func compress(_ bytes: ByteBuffer) -> ByteBuffer { run(bytes, Z_NO_FLUSH) }

    /// - Returns: the rest.
    func finish() -> ByteBuffer { run(ByteBuffer(), Z_FINISH) }

    private func run(_ bytes: ByteBuffer, _ flush: CInt) -> ByteBuffer {
        var out = ByteBuffer()
        bytes.withUnsafeReadableBytes { input in
            // zlib reads there and writes nothing, whatever its type says.
            stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
            stream.avail_in = UInt32(input.count)
            repeat {
                out.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.piece) { room in
                    stream.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.avail_out = UInt32(room.count)
                    _ = deflate(&stream, flush)
                    return room.count - Int(stream.avail_out)
                }
            } while stream.avail_out == 0
        }
        return out
    }

    private static let piece = 16 << 10
}

import Glibc
import Intake
import Jobs
import NIOPosix
import Pipeline

/// One of a result's files, put together from the store again into a file without a name: what lies in the user's folder may
/// have been moved or changed.
struct ResultFile: Sendable {
    private let file: SpoolFile
    let bytes: Int

    var descriptor: CInt { file.descriptor }

    /// Bytes that are collected before they are written: fewer, larger writes.
    private static let pieceBytes = 256 << 10

    /// - Throws: `FileFailure`, ``JobStoreError``.
    init(_ format: ResultText.Format, of text: ResultText, in spool: Spool) async throws {
        let file = try spool.makeFile()
        var waiting: [UInt8] = []
        var bytes = 0
        try await text.write(format) { text in
            waiting += text.utf8
            guard waiting.count >= Self.pieceBytes else { return }
            bytes += waiting.count
            try await Self.append(waiting, to: file)
            waiting = []
        }
        bytes += waiting.count
        try await Self.append(waiting, to: file)
        self.file = file
        self.bytes = bytes
    }

    /// The disk is waited for on threads that may wait.
    private static func append(_ bytes: [UInt8], to file: SpoolFile) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw FileFailure(action: "write a file", folder: "the state folder", code: errno)
                }
                rest = rest.dropFirst(count)
            }
        }
    }
}

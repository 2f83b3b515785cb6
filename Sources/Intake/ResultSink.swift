import NIOPosix

/// Takes a result file's text in pieces. The disk is waited for on threads that may wait.
package final class ResultSink {
    private let file: TemporaryFile
    private var waiting: [UInt8] = []

    /// Bytes that are collected before they are written: fewer, larger writes.
    private static let pieceBytes = 256 << 10

    init(_ file: TemporaryFile) { self.file = file }

    package func write(_ text: String) async throws {
        waiting += text.utf8
        if waiting.count >= Self.pieceBytes { try await flush() }
    }

    /// Returns once everything is on the disk.
    func finish() async throws {
        try await flush()
        try await NIOThreadPool.singleton.runIfActive { [file] in try file.synchronise() }
    }

    private func flush() async throws {
        let bytes = waiting
        waiting = []
        try await NIOThreadPool.singleton.runIfActive { [file] in
            // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one.
            try bytes.withUnsafeBytes { pointer in Result { () throws(FileFailure) in try file.write(pointer) } }.get()
        }
    }
}

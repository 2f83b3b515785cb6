import Digests

/// Takes one document as its bytes come, wherever from: judges it by its beginning, then puts it on disk. Each call waits for
/// the disk.
///
/// Sendable unchecked: one thread at a time uses it, as whoever hands it from one to the next sees to.
package final class DocumentReceiver: @unchecked Sendable {
    private let spool: Spool
    private let maximumBytes: Int
    private let digest = Digest()
    private var bytes = 0
    /// What came before it was judged.
    private var beginning: [UInt8] = []
    private var accepted: (kind: DocumentKind, file: SpoolFile)?

    /// - Parameter maximumBytes: bytes that a document may have.
    package init(spool: Spool, maximumBytes: Int) {
        self.spool = spool
        self.maximumBytes = maximumBytes
    }

    /// - Throws: ``UploadError/tooLarge(limit:)``, ``UploadError/unsupported`` as soon as it shows, or
    ///   ``UploadError/spool(_:)``; then it takes nothing any more.
    package func take(_ data: UnsafeRawBufferPointer) throws(UploadError) {
        bytes += data.count
        if bytes > maximumBytes { throw .tooLarge(limit: maximumBytes) }
        if let file = accepted?.file { return try write(data, file) }
        beginning += data
        if beginning.count >= DocumentKind.prefixLength { try judge() }
    }

    /// Says that this was all of it.
    ///
    /// - Parameter fileName: what the client, or whoever it named, calls it; a label, never a path.
    /// - Throws: as ``take(_:)``, and ``UploadError/empty``.
    package func finish(fileName: String?) throws(UploadError) -> Upload {
        guard bytes > 0 else { throw .empty }
        if accepted == nil { try judge() }
        guard let accepted else { throw .unsupported }
        return Upload(
            file: accepted.file, fileName: fileName, kind: accepted.kind, bytes: bytes, sha256: digest.finish())
    }

    private func judge() throws(UploadError) {
        guard let kind = DocumentKind.sniff(beginning) else { throw .unsupported }
        let file: SpoolFile
        do { file = try spool.makeFile(isPublished: true) } catch { throw .spool(error) }
        accepted = (kind, file)
        let beginning = beginning
        self.beginning = []
        // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one.
        try beginning.withUnsafeBytes { data in Result { () throws(UploadError) in try write(data, file) } }.get()
    }

    private func write(_ data: UnsafeRawBufferPointer, _ file: SpoolFile) throws(UploadError) {
        digest.update(data)
        do { try file.append(data) } catch { throw .spool(error) }
    }
}

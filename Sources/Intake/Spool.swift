import NIOCore
import NIOPosix

/// The folder in which uploads wait while they are worked on. Its files have no names: nothing is ever left in it.
package struct Spool: Sendable {
    private let folder: String
    private let usesTemporaryFlag: Bool

    /// Makes the state folder and `spool` in it, mode 0700, if they are not there.
    ///
    /// - Parameter usesTemporaryFlag: false takes the way of file systems that have no `O_TMPFILE`.
    package init(stateDirectory: String, usesTemporaryFlag: Bool = true) throws(FileFailure) {
        folder = "\(stateDirectory)/spool"
        self.usesTemporaryFlag = usesTemporaryFlag
        try makeFolder(stateDirectory, mode: 0o700)
        try makeFolder(folder, mode: 0o700)
    }

    package func makeFile() throws(FileFailure) -> SpoolFile {
        SpoolFile(
            try TemporaryFile(in: folder, mode: 0o600, isPublished: false, usesTemporaryFlag: usesTemporaryFlag))
    }

    /// A file that already holds `bytes`.
    package func makeFile(containing bytes: [UInt8]) throws(FileFailure) -> SpoolFile {
        let file = try TemporaryFile(
            in: folder, mode: 0o600, isPublished: false, usesTemporaryFlag: usesTemporaryFlag)
        // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one.
        try bytes.withUnsafeBytes { pointer in Result { () throws(FileFailure) in try file.write(pointer) } }.get()
        return SpoolFile(file)
    }
}

/// One upload on disk. Closed, and so removed, when the last reference goes.
package final class SpoolFile: Sendable {
    private let file: TemporaryFile

    init(_ file: TemporaryFile) { self.file = file }

    /// For whoever reads the document; owned by this object. Its offset stands at the end of what was written.
    package var descriptor: Int32 { file.descriptor }

    /// Appends chunks, away from the threads that run Swift tasks: a disk may be slow.
    func append(_ chunks: [ByteBuffer]) async throws {
        let file = file
        try await NIOThreadPool.singleton.runIfActive {
            for chunk in chunks {
                // The typed error passes through a closure that rethrows untyped.
                try chunk.withUnsafeReadableBytes { try file.write($0) }
            }
        }
    }
}

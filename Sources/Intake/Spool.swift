import Glibc
import NIOPosix

/// The folder in which uploads wait while they are worked on. A file in it has no name before
/// ``SpoolFile/publish(as:)``: until then nothing of it outlives this process, except on file systems without `O_TMPFILE`
/// after a kill, where its hidden name is left for whoever sweeps the folder.
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

    /// - Parameter isPublished: it will be given a name.
    package func makeFile(isPublished: Bool = false) throws(FileFailure) -> SpoolFile {
        SpoolFile(
            try TemporaryFile(
                in: folder, mode: 0o600, isPublished: isPublished, usesTemporaryFlag: usesTemporaryFlag),
            folder: folder)
    }

    /// A file that already holds `bytes`.
    package func makeFile(containing bytes: [UInt8]) throws(FileFailure) -> SpoolFile {
        let file = try TemporaryFile(
            in: folder, mode: 0o600, isPublished: false, usesTemporaryFlag: usesTemporaryFlag)
        // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one.
        try bytes.withUnsafeBytes { pointer in Result { () throws(FileFailure) in try file.write(pointer) } }.get()
        return SpoolFile(file, folder: folder)
    }
}

/// One upload on disk. Closed when the last reference goes, and then removed if it was not given a name.
package final class SpoolFile: Sendable {
    private let file: TemporaryFile
    private let folder: String

    fileprivate init(_ file: TemporaryFile, folder: String) {
        self.file = file
        self.folder = folder
    }

    /// For whoever reads the document; owned by this object. Its offset stands at the end of what was written.
    package var descriptor: Int32 { file.descriptor }

    /// Gives the file a name in the spool, content first: both are on the disk when this returns.
    ///
    /// - Parameter name: a file name without folders, of which there is none yet.
    /// - Throws: ``FileFailure``, with `EEXIST` when there is one.
    package func publish(as name: String) async throws {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw FileFailure(action: "name a file", folder: folder, code: EINVAL)
        }
        let (file, folder) = (file, folder)
        try await NIOThreadPool.singleton.runIfActive {
            try file.synchronise()
            guard try file.publish(as: name) else {
                throw FileFailure(action: "name a file", folder: folder, code: EEXIST)
            }
            synchroniseFolder(folder)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) { try file.write(bytes) }
}

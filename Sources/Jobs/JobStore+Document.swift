import Glibc

/// A job's document, open for reading; closed with the last reference.
package final class JobDocument: Sendable {
    package let descriptor: CInt

    fileprivate init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

extension JobStore {
    /// - Throws: ``JobStoreError/unavailable(folder:reason:)``; also for a job that is finished, whose document is gone.
    package func openDocument(of id: JobIdentifier) throws(JobStoreError) -> JobDocument {
        let descriptor = open(folder.spoolFile(of: id), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unavailable(
                folder: folder.spool, reason: "a document cannot be opened: \(String(cString: strerror(errno)))")
        }
        return JobDocument(descriptor: descriptor)
    }
}

import Glibc
package import RenderProtocol
import Synchronization

/// An open document. Closing it, or letting go of the last reference, closes its descriptor and lets the renderers that
/// have it open forget it; pages that are being drawn are finished first.
package final class RenderedDocument: Sendable {
    package let kind: DocumentKind
    /// Sizes as the pages are read: points in a PDF, pixels in a picture. Sides of 0: the page cannot be read, and
    /// rendering it fails as damaged.
    package let pages: [PageSize]
    private let held: Mutex<DocumentFile?>
    private let dispatcher: Dispatcher

    init(file: DocumentFile, kind: DocumentKind, pages: [PageSize], dispatcher: Dispatcher) {
        held = Mutex(file)
        self.kind = kind
        self.pages = pages
        self.dispatcher = dispatcher
    }

    deinit {
        close()
    }

    package func close() {
        let file = held.withLock { held in
            defer { held = nil }
            return held
        }
        if let file { dispatcher.forget(file.identifier) }
    }

    /// nil once closed.
    var file: DocumentFile? { held.withLock { $0 } }
}

/// The descriptor of a document, shared by its handle and the jobs that need it; closed with the last of them.
final class DocumentFile: Sendable {
    let identifier: UInt64
    let descriptor: CInt
    let password: String?

    /// - Parameter descriptor: owned from here on.
    init(identifier: UInt64, descriptor: CInt, password: String?) {
        self.identifier = identifier
        self.descriptor = descriptor
        self.password = password
    }

    deinit {
        close(descriptor)
    }
}

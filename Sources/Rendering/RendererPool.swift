import Glibc
package import RenderProtocol
import Synchronization

/// Opens untrusted documents and draws their pages in `coxswain-render` processes, each of which reads one document at a
/// time. A process that crashes, hangs or outgrows its memory is killed and replaced, and its page is tried once more, unless
/// it takes more time than there is for a page.
package final class RendererPool: Sendable {
    package struct Configuration: Sendable {
        /// Path of `coxswain-render`.
        package var executable: String
        /// Processes at once.
        package var workers: Int
        /// RLIMIT_AS of a process, in bytes.
        package var addressSpaceLimit: UInt64 = 1 << 30
        /// RLIMIT_CPU of a process over its whole life, in seconds. A process that reaches it is replaced.
        package var processorSeconds: UInt64 = 1800
        /// Longest time for a process to start, or to open a document.
        package var openDeadline: Duration = .seconds(30)
        /// Longest time for one attempt at one page.
        package var pageDeadline: Duration = .seconds(30)
        /// Pages after which a process is replaced, so that what libraries leak does not add up.
        package var pagesPerProcess = 500
        /// Called once with each protection that the kernel refused to renderers, a sentence for the operator; on a thread
        /// of the pool's.
        package var reportLoss: @Sendable (String) -> Void = { _ in }

        /// - Parameter executable: by default the file beside the running program.
        package init(executable: String? = nil, workers: Int) {
            self.executable = executable ?? Self.besideThisProgram
            self.workers = workers
        }

        private static var besideThisProgram: String {
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = readlink("/proc/self/exe", &buffer, buffer.count)
            let program = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
            let folder = program.lastIndex(of: "/").map { program[...$0] } ?? ""
            return folder + "coxswain-render"
        }
    }

    private let dispatcher: Dispatcher
    private let threads: Mutex<[pthread_t]>

    /// Starts the processes in the background; what keeps them from starting is told to whoever asks for a page.
    package init(configuration: Configuration) {
        let dispatcher = Dispatcher(workers: max(1, configuration.workers))
        self.dispatcher = dispatcher
        let started = (0..<max(1, configuration.workers)).compactMap { index in
            Worker.startThread(index: index, dispatcher: dispatcher, configuration: configuration)
        }
        threads = Mutex(started)
        if started.isEmpty { dispatcher.stop() }
    }

    deinit {
        shutdown()
    }

    /// Opens a document.
    ///
    /// - Parameters:
    ///   - descriptor: a regular file, readable; duplicated, so the caller may close it when this returns. Nobody may
    ///     change the file while the document is open.
    ///   - password: of an encrypted PDF.
    /// - Returns: a handle with the sizes of all pages. Its descriptor is closed with it.
    package func open(_ descriptor: CInt, password: String? = nil) async throws(RenderError) -> RenderedDocument {
        if let password, password.utf8.count > 1024 || password.utf8.contains(0) {
            throw RenderError(.encrypted, "the password has a NUL in it or is longer than 1024 bytes")
        }
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else {
            throw RenderError(.internal, "the document's descriptor cannot be duplicated: \(describe(errno))")
        }
        let file = DocumentFile(identifier: dispatcher.registerDocument(), descriptor: own, password: password)
        do throws(RenderError) {
            guard case .opened(let kind, let pages) = try await dispatcher.perform(.open, on: file) else {
                throw RenderError(.internal, "a renderer answered another question than was asked")
            }
            return RenderedDocument(file: file, kind: kind, pages: pages, dispatcher: dispatcher)
        } catch {
            dispatcher.forget(file.identifier)
            throw error
        }
    }

    /// Draws and encodes one page.
    ///
    /// A cancelled task gets `.cancelled` at once, and the renderer that worked for it is killed.
    /// - Parameter page: counted from 0.
    package func render(
        _ document: RenderedDocument, page: Int, budget: PixelBudget
    ) async throws(RenderError) -> EncodedPage {
        guard document.pages.indices.contains(page) else {
            throw RenderError(.pageOutOfRange, "there is no page \(page + 1); the document has \(document.pages.count)")
        }
        guard let file = document.file else { throw RenderError(.closed, "the document was closed") }
        guard case .page(let encoded) = try await dispatcher.perform(.render(page: page, budget: budget), on: file)
        else { throw RenderError(.internal, "a renderer answered another question than was asked") }
        return encoded
    }

    /// Kills and reaps all processes and ends all waiting calls with `.closed`. Blocks for some milliseconds; may be
    /// called more than once.
    package func shutdown() {
        dispatcher.stop()
        let started = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in started { pthread_join(thread, nil) }
    }

    /// Process ids of the renderers that live now.
    package var processIdentifiers: [Int32] { dispatcher.processIdentifiers }

    package var statistics: Statistics { dispatcher.statistics }

    /// Counts since the pool began.
    package struct Statistics: Sendable, Equatable {
        package var started = 0
        package var crashed = 0
        package var timedOut = 0
        package var outOfMemory = 0
        package var nestedTooDeeply = 0
        package var pagesRendered = 0
        package var documentsOpened = 0
        /// Replaced since they had done their share.
        package var recycled = 0
        /// Killed since nobody wanted their work any more.
        package var givenUp = 0
    }
}

/// One page, drawn and encoded.
package struct EncodedPage: Sendable {
    /// Size of the page in pixels, straightened where it lay askew; the pictures' boxes refer to it.
    package let width: Int
    package let height: Int
    /// Resolution in dots per inch that the pixels amount to; 0 for a picture that does not say.
    package let dpi: Double
    /// In reading order. Exactly one, the page, unless the budget asked for blocks; none for a blank page's blocks.
    package let pictures: [RenderedPicture]
    /// Data of a picture on it end before the picture does; what is there is drawn.
    package let lacksPart: Bool
    /// How long the attempt that succeeded took, without opening the document.
    package let renderMilliseconds: Double
    /// 1, or 2 where a renderer was lost over this page.
    package let attempts: Int
}

/// Text for an errno.
func describe(_ code: CInt) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
}

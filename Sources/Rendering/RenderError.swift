import RenderProtocol

/// Why a document could not be opened, or a page not be drawn. Only that document or page is affected.
package struct RenderError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// Neither a PDF nor a picture of a known kind.
        case notADocument
        /// A PDF whose password is missing or wrong.
        case encrypted
        /// A document or page that starts as it should and then cannot be read.
        case damaged
        /// No such page.
        case pageOutOfRange
        /// More pages, bytes or pixels than a renderer takes on.
        case tooLarge
        /// A renderer's memory limit was reached, in each of its attempts.
        case outOfMemory
        /// The renderer died, or stopped making sense, in each of its attempts.
        case crashed
        /// The renderer was still busy at its deadline, and was killed: at work all the time, or in each of its attempts.
        case timedOut
        /// No renderer could be started.
        case unavailable
        /// The task that asked was cancelled.
        case cancelled
        /// The document's handle was closed, or the pool shut down.
        case closed
        /// A fault of ours.
        case `internal`
    }

    package let code: Code
    /// What happened and what can be done, for people. Holds no text of the document.
    package let message: String
    /// How many renderers tried.
    package let attempts: Int

    package init(_ code: Code, _ message: String, attempts: Int = 0) {
        self.code = code
        self.message = message
        self.attempts = attempts
    }

    init(_ failure: RenderFailure, attempts: Int) {
        let code: Code =
            switch failure.code {
            case .notADocument: .notADocument
            case .encrypted: .encrypted
            case .damaged: .damaged
            case .pageOutOfRange: .pageOutOfRange
            case .tooLarge: .tooLarge
            case .outOfMemory: .outOfMemory
            case .internal: .internal
            }
        self.init(code, failure.message, attempts: attempts)
    }

    /// Whether another document, or a corrected request, would do better; otherwise the same one may work later.
    package var isSendersFault: Bool {
        switch code {
        case .notADocument, .encrypted, .damaged, .pageOutOfRange, .tooLarge: true
        case .outOfMemory, .crashed, .timedOut, .unavailable, .cancelled, .closed, .internal: false
        }
    }

    package var description: String {
        "\(code.rawValue): \(message)"
    }
}

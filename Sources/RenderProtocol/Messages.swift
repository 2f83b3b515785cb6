/// What the api asks of a renderer. One request is answered by one reply before the next is sent; `close` has none.
package enum RenderRequest: Sendable, Equatable {
    /// Read the document behind the descriptor that travels with this message; it replaces one that is open.
    /// Answered by `opened` or `failed`.
    case open(password: String?)
    /// Draw one page of the open document, counted from 0. Answered by `rendered` or `failed`.
    case render(page: Int, budget: PixelBudget)
    /// Forget the open document.
    case close
}

/// What a renderer says.
package enum RenderReply: Sendable, Equatable {
    /// Said once, unasked: limits and sandbox are in force, fonts are found, requests are welcome. `losses` is what the
    /// kernel refused of the sandbox, a sentence each; the same for every renderer of a container.
    case ready(losses: [String])
    case opened(kind: DocumentKind, pages: [PageSize])
    case rendered(RenderedPage)
    case failed(RenderFailure)
}

/// One page, drawn and encoded: as one picture, or as pictures of its blocks.
package struct RenderedPage: Sendable, Equatable {
    /// Size of the page in pixels; boxes refer to it. A page that lay askew was straightened first.
    package let width: Int
    package let height: Int
    /// Resolution in dots per inch that the page's pixels amount to; 0 for a picture that does not say.
    package let dpi: Double
    /// In reading order. A page that goes whole has exactly one; a blank page that is cut into blocks has none.
    package let pictures: [RenderedPicture]
    /// Data of a picture on it end before the picture does; what is there is drawn.
    package var lacksPart: Bool

    package init(width: Int, height: Int, dpi: Double, pictures: [RenderedPicture], lacksPart: Bool = false) {
        self.width = width
        self.height = height
        self.dpi = dpi
        self.pictures = pictures
        self.lacksPart = lacksPart
    }

    /// A page that goes whole.
    package init(width: Int, height: Int, dpi: Double, mediaType: MediaType, bytes: [UInt8]) {
        let picture = RenderedPicture(
            box: PixelBox(x: 0, y: 0, width: width, height: height), width: width, height: height,
            mediaType: mediaType, bytes: bytes)
        self.init(width: width, height: height, dpi: dpi, pictures: [picture])
    }
}

/// A picture of a part of a page.
package struct RenderedPicture: Sendable, Equatable {
    /// What it shows, in pixels of the page.
    package let box: PixelBox
    /// Its own size in pixels: the box's, scaled down where a budget asked for it, and never less than
    /// `RenderLimits.leastSide` for a block, with white around.
    package let width: Int
    package let height: Int
    package let mediaType: MediaType
    package let bytes: [UInt8]

    package init(box: PixelBox, width: Int, height: Int, mediaType: MediaType, bytes: [UInt8]) {
        self.box = box
        self.width = width
        self.height = height
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// A rectangle of pixels; `y` counts downwards.
package struct PixelBox: Sendable, Hashable {
    package let x: Int
    package let y: Int
    package let width: Int
    package let height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// Why a renderer did not do what it was asked. The renderer itself is well and takes further requests, except after
/// `outOfMemory`, when it should be replaced.
package struct RenderFailure: Error, Sendable, Equatable {
    package enum Code: UInt8, Sendable, Hashable {
        /// Neither a PDF nor a picture of a known kind.
        case notADocument = 1
        /// A PDF whose password is missing or wrong.
        case encrypted = 2
        /// A document or page that starts as it should and then cannot be read.
        case damaged = 3
        /// No such page, or no document open.
        case pageOutOfRange = 4
        /// More pages, bytes or pixels than a renderer takes on.
        case tooLarge = 5
        /// The renderer's memory limit was reached.
        case outOfMemory = 6
        /// A fault of ours, not of the document.
        case `internal` = 7
    }

    package let code: Code
    /// A sentence for people. Never holds text of the document.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Sizes that both sides keep to.
package enum RenderLimits {
    /// Longest body of a request, in bytes.
    package static let requestBytes = 64 * 1024
    /// Longest body of a reply, in bytes.
    package static let replyBytes = 64 * 1024 * 1024
    /// Most pictures of a page.
    package static let picturesPerPage = 256
    /// Shortest side of a block's picture, in pixels: pictures of a few pixels have crashed engines.
    package static let leastSide = 28
    /// Most pages of a document.
    package static let pages = 100_000
    /// Most sentences about what the sandbox lacks.
    package static let losses = 16
    /// Longest message of a failure or a loss, in bytes of UTF-8.
    package static let messageBytes = 1024
}

/// What the exit status of a renderer means; other statuses and signals are crashes.
package enum RendererExit {
    /// The socket ended, as it does when the api has no more use for it.
    package static let done: CInt = 0
    /// The stack ran out: the document nests its parts too deeply.
    package static let nestedTooDeeply: CInt = 65
    /// Memory ran out at a place from which there is no way back.
    package static let outOfMemory: CInt = 71
    /// The command line, or the socket on descriptor 3, was not as `coxswain-render` expects.
    package static let usage: CInt = 64
    /// The other side broke the protocol.
    package static let protocolError: CInt = 76
}

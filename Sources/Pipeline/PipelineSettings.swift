import RenderProtocol

/// How pages are rendered and read.
package struct PipelineSettings: Sendable, Equatable {
    /// Base URL of the engine, ending in `/v1`.
    package var engineURL = "http://127.0.0.1:8080/v1"
    /// Name of the engine's model; nil: the first one that the engine lists.
    package var engineModel: String?
    /// Most requests that the engine is given at once; how many it really is follows its waiting queue.
    package var engineConcurrency = 64
    /// What the engine is asked to do with a picture, by task.
    package var prompts = PagePrompts()
    /// Most tokens of one picture's answer.
    package var pageTokens = 4096
    /// Renderers at once.
    package var cores = 1
    /// Resolution of a page, dots per inch, as far as its pixels suffice; of blocks the least.
    package var pageDPI = 144.0
    /// Most pixels of a picture that the engine is given. The default is PaddleOCR-VL's own limit, 1280 × 28 × 28.
    package var pagePixels = 1_003_520
    package var pageIsGrey = false
    /// Pages are cut into blocks, since the engine takes too few pixels for a page and has no layout of its own.
    package var readsBlocks = false
    /// Time that a page may be at the engine, second tries included.
    package var pageDeadline = Duration.seconds(600)
    /// Most pages of one document that are read.
    package var maximumPages = 2000

    package init() {}

    /// - Parameter maximumPixels: a lower bound on a picture's pixels than the settings', where somebody asks for it.
    func budget(maximumPixels: Int? = nil) -> PixelBudget {
        PixelBudget(
            maxPixels: min(maximumPixels ?? pagePixels, pagePixels), dpi: pageDPI,
            regions: readsBlocks ? .blocks(BlockScale(leastDPI: pageDPI)) : .whole,
            color: pageIsGrey ? .grey : .rgb)
    }
}

import Jobs
import RenderProtocol

/// What one document's pages are asked, and how they are drawn for it.
package struct ReadingOptions: Sendable {
    var task: PageTask
    var prompt: String
    var budget: PixelBudget
    /// Most tokens of one picture's answer.
    var tokens: Int
    /// Longest time of a picture at the engine.
    var patience: Duration
    /// Told to the engine with every picture.
    var traceparent: String?

    /// - Parameters:
    ///   - maximumPixels: fewer pixels for a picture than the settings say; nil for theirs.
    package init(
        _ settings: PipelineSettings, task: PageTask = .ocr, maximumPixels: Int? = nil, traceparent: String? = nil
    ) {
        self.task = task
        prompt = settings.prompts[task] ?? ""
        budget = settings.budget(maximumPixels: maximumPixels)
        tokens = settings.pageTokens
        patience = settings.pageDeadline
        self.traceparent = traceparent
    }
}

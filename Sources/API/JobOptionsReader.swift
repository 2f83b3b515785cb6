import HTTPTypes
import Jobs
import Pipeline

/// Reads what a client asks of its document, from the query and from the body's other fields; those win.
struct JobOptionsReader: Sendable {
    let prompts: PagePrompts
    let maximumPixels: Int
    let targets: DeliveryTargets

    /// What a form may say beside its document.
    static let names = JSONFields.names

    /// What is said in the body alone: a URL ends up in every log on the way, with what is secret in it.
    private static let notInQuery = ["url", "output", "webhook", "password"]

    /// - Parameters:
    ///   - query: keys and values, percent-decoded.
    ///   - fields: of the body, beside the document.
    /// - Throws: `APIError` 422, naming the option, or 403 for what the container's operator has not allowed.
    func read(query: [String: String], fields: [String: String]) throws -> JobOptions {
        if let name = Self.notInQuery.first(where: { query[$0] != nil }) {
            throw APIError(
                .unprocessableContent,
                "`\(name)` is not taken from the query, which ends up in logs; send it in the body.")
        }
        let values = query.merging(fields) { $1 }.filter { !$0.value.isEmpty }
        var options = JobOptions()
        if let text = values["pages"] {
            do {
                _ = try PageSelection(text)
                options.pages = text
            } catch {
                throw APIError(.unprocessableContent, error.description)
            }
        }
        if let text = values["prompt"] {
            guard let task = PageTask(rawValue: text.lowercased()), prompts[task] != nil else {
                let known = prompts.tasks.map(\.rawValue).joined(separator: ", ")
                throw APIError(.unprocessableContent, "`prompt` must be one that this engine knows: \(known).")
            }
            options.task = task
        }
        if let text = values["max_pixels"] {
            guard let pixels = Int(text), (10_000...200_000_000).contains(pixels) else {
                throw APIError(
                    .unprocessableContent,
                    "`max_pixels` must be a whole number from 10000 to 200000000; what is above the engine's own "
                        + "\(maximumPixels) has no effect.")
            }
            options.maxPixels = pixels
        }
        if let password = values["password"] {
            guard password.utf8.count <= 1024, !password.utf8.contains(0) else {
                throw APIError(.unprocessableContent, "`password` is longer than 1024 bytes, or has a NUL in it.")
            }
            options.password = Secret(password)
        }
        options.output = try values["output"].map(targets.output)
        options.webhook = try values["webhook"].map(targets.webhook)
        return options
    }
}

import HTTPTypes
import Jobs
import Pipeline

/// Reads what a client asks of its document, from the query and from the form's other fields; those win.
struct JobOptionsReader: Sendable {
    let prompts: PagePrompts
    let maximumPixels: Int

    let names = ["pages", "prompt", "max_pixels", "password"]

    /// - Parameters:
    ///   - query: keys and values, percent-decoded.
    ///   - fields: of the form, beside the document.
    /// - Throws: `APIError` 422, naming the option.
    func read(query: [String: String], fields: [String: String]) throws -> JobOptions {
        // A password in a URL ends up in every log on the way.
        var values = query.filter { $0.key != "password" }
        values.merge(fields) { $1 }
        values = values.filter { !$0.value.isEmpty }
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
        return options
    }
}

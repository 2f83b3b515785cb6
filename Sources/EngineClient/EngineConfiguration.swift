/// Where the engine is and how much to ask of it.
package struct EngineConfiguration: Sendable {
    /// The API's base, such as `"http://127.0.0.1:8080/v1"`; a slash at its end is ignored.
    package var baseURL: String
    /// The model to name in requests; nil asks `GET /models` and takes the first, again after the engine was away.
    package var model: String?
    /// Sent as a bearer token.
    package var apiKey: String?
    /// Requests at the engine at once; more wait in order of arrival.
    package var maximumConcurrency: Int
    /// The limit for one attempt; the request's deadline limits all of them together.
    package var requestTimeout: Duration
    /// The limit for a connection to be made: on loopback a matter of microseconds.
    package var connectTimeout: Duration
    /// Attempts that the engine had begun to work on. Being refused or told to come later costs time, not one of
    /// these: an engine that restarts takes a minute, while a page that kills its engine must not do so for ever.
    package var maximumAttempts: Int
    package var backoff: Backoff
    /// The largest body of an answer.
    package var maximumAnswerBytes: Int

    package init(
        baseURL: String, model: String? = nil, apiKey: String? = nil, maximumConcurrency: Int = 32,
        requestTimeout: Duration = .seconds(300), connectTimeout: Duration = .seconds(5), maximumAttempts: Int = 4,
        backoff: Backoff = Backoff(), maximumAnswerBytes: Int = 8 << 20
    ) {
        self.baseURL = baseURL
        self.model = model
        self.apiKey = apiKey
        self.maximumConcurrency = maximumConcurrency
        self.requestTimeout = requestTimeout
        self.connectTimeout = connectTimeout
        self.maximumAttempts = maximumAttempts
        self.backoff = backoff
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    func url(_ path: String) -> String {
        (baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL) + path
    }

    /// - Throws: `.invalidConfiguration`, naming the setting.
    func validate() throws(EngineError) {
        let lowered = baseURL.lowercased()
        guard lowered.hasPrefix("http://") || lowered.hasPrefix("https://") else {
            throw EngineError(
                .invalidConfiguration, "the engine's base URL \"\(baseURL)\" must begin with http:// or https://")
        }
        guard !baseURL.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw EngineError(.invalidConfiguration, "the engine's base URL holds white space or a control character")
        }
        for (name, value) in [
            ("maximumConcurrency", maximumConcurrency), ("maximumAttempts", maximumAttempts),
            ("maximumAnswerBytes", maximumAnswerBytes),
        ] where value < 1 {
            throw EngineError(.invalidConfiguration, "the engine client's \(name) is \(value); it must be at least 1")
        }
    }
}

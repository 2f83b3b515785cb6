/// Where the engine is and how much to ask of it.
package struct EngineConfiguration: Sendable {
    /// The API's base, such as `"http://127.0.0.1:8080/v1"`; a slash at its end is ignored.
    package var baseURL: String
    /// The model to name in requests; nil asks `GET /models` and takes the first, again after the engine was away.
    package var model: String?
    /// Sent as a bearer token.
    package var apiKey: String?
    /// The most requests at the engine at once. How many there may be now is found from its own queue (see
    /// ``ConcurrencyController``); more wait in order of arrival.
    package var maximumConcurrency: Int
    /// How long an attempt may go without a token. While they come only the request's deadline ends it.
    ///
    /// That the engine as a whole hangs is for PID 1 to find, much sooner; this is for one request that is forgotten while
    /// others move.
    package var silenceLimit: Duration
    /// The limit for a connection to be made: on loopback a matter of microseconds.
    package var connectTimeout: Duration
    /// Attempts that the engine had begun to work on. Being refused or told to come later costs time, not one of
    /// these: an engine that restarts takes a minute, while a page that kills its engine must not do so for ever.
    package var maximumAttempts: Int
    /// How often a request is sent again because it was lost with an engine that somebody else ended: not its own doing,
    /// and not for ever.
    package var maximumLosses: Int
    /// How long to wait for the word that the engine has ended, after a connection broke and while the gate is open.
    package var crashGrace: Duration
    package var backoff: Backoff
    /// The largest body of an answer.
    package var maximumAnswerBytes: Int

    package init(
        baseURL: String, model: String? = nil, apiKey: String? = nil, maximumConcurrency: Int = 32,
        silenceLimit: Duration = .seconds(120), connectTimeout: Duration = .seconds(5), maximumAttempts: Int = 4,
        maximumLosses: Int = 10, crashGrace: Duration = .seconds(2), backoff: Backoff = Backoff(),
        maximumAnswerBytes: Int = 8 << 20
    ) {
        self.baseURL = baseURL
        self.model = model
        self.apiKey = apiKey
        self.maximumConcurrency = maximumConcurrency
        self.silenceLimit = silenceLimit
        self.connectTimeout = connectTimeout
        self.maximumAttempts = maximumAttempts
        self.maximumLosses = maximumLosses
        self.crashGrace = crashGrace
        self.backoff = backoff
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    func url(_ path: String) -> String {
        base + path
    }

    /// Beside the API's base, not under it.
    var metricsURL: String {
        (base.hasSuffix("/v1") ? String(base.dropLast(3)) : base) + "/metrics"
    }

    private var base: String { baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL }

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

import Synchronization

/// One attempt at a time: requests written, sent and their answers read, without a thought of the next attempt.
final class EngineExchange: Sendable {
    private let configuration: EngineConfiguration
    private let transfers: TransferLoop
    private let activity: EngineActivity
    /// The model that the engine named, until it has been away.
    private let discoveredModel = Mutex<String?>(nil)

    /// Engines list some thousand lines of metrics.
    private static let maximumMetricsBytes = 4 << 20

    init(configuration: EngineConfiguration, transfers: TransferLoop, activity: EngineActivity) {
        self.configuration = configuration
        self.transfers = transfers
        self.activity = activity
    }

    /// Has the engine read one picture; `attempts` is left for the caller.
    func read(
        _ request: EngineRequest, _ deadline: ContinuousClock.Instant
    ) async throws(AttemptFailure) -> EngineAnswer {
        do throws(AttemptFailure) {
            let body = ChatCompletion.body(for: request, model: try await model(deadline))
            let stream = ChatStream(limit: configuration.maximumAnswerBytes, watch: request.watch)
            let response = try await complete(
                body, stream, traceparent: request.traceparent, timeout: ContinuousClock.now.duration(to: deadline))
            var answer = try AttemptFailure.wrapping { () throws(EngineError) in
                if let stream = response.stream { return try stream.answer() }
                return try ChatCompletion.answer(from: response.body)
            }
            if answer.isBrokenOff { throw AttemptFailure(brokenOff: answer) }
            answer.milliseconds = response.milliseconds
            return answer
        } catch {
            if error.error.code == .unreachable { forgetModel() }
            throw error
        }
    }

    func listModels(timeout: Duration) async throws(AttemptFailure) -> [String] {
        let response = try await exchange(configuration.url("/models"), timeout: timeout)
        return try AttemptFailure.wrapping { () throws(EngineError) in try ChatCompletion.models(from: response.body) }
    }

    /// Whoever comes in the engine's place may serve another model.
    func forgetModel() {
        discoveredModel.withLock { $0 = nil }
    }

    /// What the engine shows of its own queue.
    func queue() async -> ConcurrencyLimit.Sighting {
        do throws(AttemptFailure) {
            let response = try await exchange(
                configuration.metricsURL, timeout: .seconds(2), limit: Self.maximumMetricsBytes)
            return EngineQueue(metrics: response.body).map { .queue($0) } ?? .none
        } catch {
            return error.error.code == .rejected || error.error.code == .tooLargeAnswer ? .never : .unknown
        }
    }

    /// All that the engine measures, in Prometheus' text format as far as it knows it.
    func metrics(timeout: Duration, limit: Int) async throws(AttemptFailure) -> [UInt8] {
        try await exchange(configuration.metricsURL, timeout: timeout, limit: limit).body
    }

    /// Has the engine work, under the eyes of `activity`.
    private func complete(
        _ body: [UInt8], _ stream: ChatStream, traceparent: String?, timeout: Duration
    ) async throws(AttemptFailure) -> TransferResponse {
        activity.begin()
        defer { activity.end() }
        do throws(AttemptFailure) {
            let response = try await exchange(
                configuration.url("/chat/completions"), body: body, stream: stream, traceparent: traceparent,
                timeout: timeout)
            activity.sign()
            return response
        } catch {
            // An error is an answer too: whoever gives one is not hung.
            if error.error.status != nil { activity.sign() }
            throw error
        }
    }

    private func model(_ deadline: ContinuousClock.Instant) async throws(AttemptFailure) -> String {
        if let model = configuration.model ?? discoveredModel.withLock({ $0 }) { return model }
        let models: [String]
        do throws(AttemptFailure) {
            models = try await listModels(timeout: min(.seconds(30), ContinuousClock.now.duration(to: deadline)))
        } catch {
            var failure = error
            // The page was not there.
            if failure.kind == .lost { failure.kind = .notBegun }
            throw failure
        }
        guard let first = models.first else {
            throw AttemptFailure(error: EngineError(.failed, "the engine lists no model"))
        }
        discoveredModel.withLock { $0 = first }
        return first
    }

    private func exchange(
        _ url: String, body: [UInt8]? = nil, stream: ChatStream? = nil, traceparent: String? = nil, timeout: Duration,
        limit: Int? = nil
    ) async throws(AttemptFailure) -> TransferResponse {
        let limit = limit ?? configuration.maximumAnswerBytes
        let request = TransferRequest(
            url: url, body: body, apiKey: configuration.apiKey, traceparent: traceparent, timeout: timeout,
            silenceLimit: configuration.silenceLimit, connectTimeout: configuration.connectTimeout,
            maximumAnswerBytes: limit, stream: stream, onProgress: stream == nil ? nil : activity.sign)
        let response: TransferResponse
        do throws(TransferFailure) {
            response = try await transfers.perform(request)
        } catch {
            throw AttemptFailure(error, url: url, limit: limit)
        }
        guard (200..<300).contains(response.status) else {
            let error = ChatCompletion.error(status: response.status, body: response.body)
            throw AttemptFailure(error: error, retryAfter: response.retryAfter)
        }
        return response
    }
}

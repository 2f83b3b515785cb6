import Document
import EngineClient
import RenderProtocol

/// Has one picture read by the engine, and judges the answer.
package struct PictureReader: Sendable {
    let engine: EngineClient
    let metrics: PipelineMetrics

    /// What the engine made of a picture.
    struct Answer: Sendable {
        var text: String
        /// Why the text may not be all, or not right.
        var doubt: Doubt?
        var model: String
        /// Requests made for it.
        var attempts: Int
    }

    enum Doubt: Sendable {
        case repetition
        case cutOff(tokens: Int)

        /// For the user to read.
        var text: String {
            switch self {
            case .repetition: "the engine repeated itself without end; the repetition was cut off"
            case .cutOff(let tokens): "the engine's answer was cut off after \(tokens) tokens"
            }
        }
    }

    /// How a picture is asked for again when the answer was no good: the same question gives the same answer, so each try
    /// is a little less certain of itself and a little more averse to what it has said.
    private static let samplings: [(temperature: Double, repetitionPenalty: Double?)] = [
        (0, nil), (0.2, 1.05), (0.5, 1.15),
    ]

    /// - Parameters:
    ///   - deadline: the end of everything; nil gives the picture the options' time at the engine, and lets it wait for an
    ///     engine that is away as long as that takes.
    /// - Throws: `EngineError`; `.crashed` when the page that it is of is to blame.
    private func read(
        _ picture: RenderedPicture, _ options: ReadingOptions, suspicion: Suspicion,
        deadline: ContinuousClock.Instant?
    ) async throws(EngineError) -> Answer {
        var best: Answer?
        var attempts = 0
        for sampling in Self.samplings {
            var request = EngineRequest(
                image: picture.bytes, mediaType: picture.mediaType == .png ? .png : .jpeg, prompt: options.prompt,
                maxTokens: options.tokens, temperature: sampling.temperature,
                skipSpecialTokens: !options.task.keepsSpecialTokens)
            request.repetitionPenalty = sampling.repetitionPenalty
            request.traceparent = options.traceparent
            request.watch = RepetitionWatch(isTable: options.task.isTable)
            let raw: EngineAnswer
            do throws(EngineError) {
                raw = try await ask(request, options, suspicion, deadline)
            } catch {
                // What was read before is better than nothing.
                guard let best, error.code != .cancelled, error.code != .crashed else { throw error }
                return best
            }
            attempts += raw.attempts
            var answer = judge(raw, options)
            if let best, answer.doubt != nil, best.text.utf8.count >= answer.text.utf8.count { answer = best }
            answer.attempts = attempts
            best = answer
            if answer.doubt == nil { return answer }
        }
        // There is at least one sampling, and each of them left an answer or threw.
        return best ?? Answer(text: "", doubt: nil, model: "", attempts: 0)
    }

    func answer(
        to picture: RenderedPicture, _ options: ReadingOptions, suspicion: Suspicion,
        deadline: ContinuousClock.Instant?
    ) async -> Result<Answer, EngineError> {
        do throws(EngineError) {
            let answer = try await read(picture, options, suspicion: suspicion, deadline: deadline)
            metrics.read(PictureEnd(answer.doubt))
            return .success(answer)
        } catch {
            metrics.read(.failed(error.code))
            return .failure(error)
        }
    }

    private func judge(_ raw: EngineAnswer, _ options: ReadingOptions) -> Answer {
        var answer = Answer(text: raw.text, doubt: nil, model: raw.model, attempts: raw.attempts)
        let isCutOff = raw.finishReason == "length"
        if let found = Repetition.find(
            in: raw.text, isTable: options.task.isTable, isCutOff: isCutOff || raw.finishReason == "repetition")
        {
            answer.text = found.kept
            answer.doubt = .repetition
        } else if isCutOff {
            answer.doubt = .cutOff(tokens: raw.completionTokens)
        }
        return answer
    }

    /// Waits for an engine that is away as long as it takes, and asks alone for a page under suspicion.
    private func ask(
        _ request: EngineRequest, _ options: ReadingOptions, _ suspicion: Suspicion,
        _ deadline: ContinuousClock.Instant?
    ) async throws(EngineError) -> EngineAnswer {
        while true {
            let isAlone = suspicion.isSuspected
            let end = deadline ?? .now + options.patience
            do throws(EngineError) {
                let answer = try await engine.recognise(request, deadline: end, alone: isAlone)
                metrics.answered(answer)
                return answer
            } catch {
                switch error.code {
                case .crashed where await suspicion.confirm(crash: engine.crashes, wasAlone: isAlone): throw error
                case .crashed: continue
                // It was away all the time: no fault of the page, which has time.
                case .unreachable where deadline == nil && .now >= end: continue
                default: throw error
                }
            }
        }
    }
}

extension PictureEnd {
    fileprivate init(_ doubt: PictureReader.Doubt?) {
        switch doubt {
        case nil: self = .ok
        case .repetition: self = .repetition
        case .cutOff: self = .cutOff
        }
    }
}

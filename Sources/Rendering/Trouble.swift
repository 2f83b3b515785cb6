import Glibc
import RenderProtocol

/// What went wrong between a worker and its renderer. All but `refused` cost the renderer its life.
enum Trouble: Error {
    /// The renderer said why it cannot; it is well.
    case refused(RenderFailure)
    case outOfMemory(String)
    case died
    case hung
    /// It sent what no renderer in its right mind sends.
    case senseless(String)
    case notStarted(String)
    /// The worker was woken: the job is to be given up.
    case interrupted

    init(_ failure: FrameChannel.Failure) {
        switch failure {
        case .ended: self = .died
        case .deadlinePassed: self = .hung
        case .woken: self = .interrupted
        case .malformed(let what): self = .senseless(what)
        case .system(let code, let call): self = .senseless("\(call) failed: \(describe(code))")
        }
    }

    /// Whether the renderer had no more time, be it of the clock's or of the processor's.
    func isOutOfTime(end: RendererProcess.End?) -> Bool {
        switch self {
        case .hung: true
        case .died: end == .killed(signal: SIGXCPU)
        default: false
        }
    }

    /// Counts a renderer that was lost this way.
    func count(in statistics: inout RendererPool.Statistics, end: RendererProcess.End) {
        switch self {
        case .refused, .notStarted: break
        case .interrupted: statistics.givenUp += 1
        case .outOfMemory: statistics.outOfMemory += 1
        case .hung: statistics.timedOut += 1
        case .senseless: statistics.crashed += 1
        case .died:
            switch end {
            case .exited(RendererExit.outOfMemory): statistics.outOfMemory += 1
            case .exited(RendererExit.nestedTooDeeply): statistics.nestedTooDeeply += 1
            case .killed(SIGXCPU): statistics.timedOut += 1
            default: statistics.crashed += 1
            }
        }
    }

    /// For whoever wanted the page, after the last attempt.
    func report(
        end: RendererProcess.End?, attempts: Int, configuration: RendererPool.Configuration
    ) -> RenderError {
        let megabytes = configuration.addressSpaceLimit >> 20
        let memory = "the limit is \(megabytes) MiB a renderer; a smaller page or a higher limit may work"
        switch self {
        case .refused(let failure):
            return RenderError(failure, attempts: attempts)
        case .outOfMemory(let message):
            return RenderError(.outOfMemory, "\(message); \(memory)", attempts: attempts)
        case .hung:
            let seconds = Double(configuration.pageDeadline.nanoseconds) / 1e9
            return RenderError(
                .timedOut, "the renderer was not done after \(seconds) s and was killed; \(tries(attempts))",
                attempts: attempts)
        case .senseless(let what):
            return RenderError(
                .crashed, "the renderer broke the protocol: \(what); \(tries(attempts))", attempts: attempts)
        case .notStarted(let message):
            let status = end.map { ", \($0.sentence)" } ?? ""
            return RenderError(
                .unavailable, "\(message)\(status); check that coxswain-render is installed with its libraries",
                attempts: attempts)
        case .interrupted:
            return RenderError(.cancelled, "the work was given up", attempts: attempts)
        case .died:
            switch end {
            case .exited(RendererExit.outOfMemory):
                return RenderError(.outOfMemory, "the renderer ran out of memory; \(memory)", attempts: attempts)
            case .exited(RendererExit.nestedTooDeeply):
                return RenderError(
                    .damaged, "the document nests its parts more deeply than any program that writes documents does",
                    attempts: attempts)
            case .killed(SIGXCPU):
                return RenderError(
                    .timedOut, "the renderer used up its processor time; \(tries(attempts))", attempts: attempts)
            default:
                let sentence = end?.sentence ?? "cause unknown"
                return RenderError(.crashed, "the renderer died, \(sentence); \(tries(attempts))", attempts: attempts)
            }
        }
    }

    private func tries(_ attempts: Int) -> String {
        attempts == 1 ? "tried once" : "tried \(attempts) times, each in a fresh process but the first"
    }
}

extension RendererProcess.End {
    var sentence: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(SIGKILL): "killed by signal 9, from outside or by the kernel for lack of memory"
        case .killed(let signal): "killed by signal \(signal)"
        case .unknown: "status unknown"
        }
    }
}

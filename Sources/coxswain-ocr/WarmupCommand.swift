import API
import ArgumentParser
import Logging
import Notify

struct WarmupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmup",
        abstract: "Read known pages through the real renderer and engine and check the answers.",
        discussion: """
            Repeats until the time of a pass settles, so that the first real page is not slow. WARMUP_IMG names a page \
            of your own, WARMUP_TEXT or a text file beside it (page.png.txt or page.txt) what stands on it.

            Exit status: 0 the engine is proven; 1 it gave no answer, or not what stands on the page, and should be \
            replaced; 70 the warm-up itself failed; 78 a setting cannot be used.
            """)

    @Option(help: "Largest character error rate that passes, or off (default: COXSWAIN_WARMUP_MAX_ERROR, else 0.1).")
    var maxError: String?

    func run() async throws {
        let setup = try Setup()
        let failure: WarmupFailure
        do {
            let settings = try WarmupSettings(maximumError: maxError, environment: setup.environment)
            for remark in settings.remarks { setup.logger.warning("\(remark)") }
            return try await Warmup(setup: setup, settings: settings).run()
        } catch let error as SettingsError {
            failure = WarmupFailure(.settings, "\(error)")
        } catch let error as WarmupFailure {
            failure = error
        } catch {
            failure = WarmupFailure(.ours, "\(error)")
        }
        Notify.send("STATUS=warm-up failed: \(failure)")
        setup.logger.error("warm-up failed", metadata: ["error": .string("\(failure)")])
        throw ExitCode(failure.fault.rawValue)
    }
}

import API
import ArgumentParser
import Document
import Glibc
import Intake
import Logging
import Notify

struct WarmupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warmup",
        abstract: "Read a known page through the real renderer and engine and check the answer.",
        discussion: """
            Repeats until the time of a pass settles, so that the first real page is not slow. WARMUP_IMG names a page \
            of your own, WARMUP_TEXT or a file beside it (.txt) its text.
            """)

    @Option(help: "Largest character error rate that passes, or off (default: COXSWAIN_WARMUP_MAX_ERROR, else 0.1).")
    var maxError: String?

    /// One pass may be lucky; more than four say nothing new.
    private static let passes = 2...4
    /// Two passes in a row that differ by less than this share have settled.
    private static let settled = 0.2

    func run() async throws {
        let setup = try Setup()
        let logger = setup.logger
        do {
            let settings = try WarmupSettings(maximumError: maxError, environment: setup.environment)
            for remark in settings.remarks { logger.warning("\(remark)") }
            try await warmUp(setup, settings)
        } catch let error as SettingsError {
            logger.critical("a setting cannot be used", metadata: ["error": .string("\(error)")])
            throw ExitCode(78)
        } catch {
            Notify.send("STATUS=warm-up failed: \(error)")
            logger.error("warm-up failed", metadata: ["error": .string("\(error)")])
            throw ExitCode.failure
        }
    }

    private func warmUp(_ setup: Setup, _ settings: WarmupSettings) async throws {
        var patient = setup.settings
        patient.pageDeadline = .seconds(settings.deadline)
        let reader = try LocalReader(setup, settings: patient)
        let page = try WarmupDocument(settings.page, folder: setup.settings.stateDirectory)
        let end = ContinuousClock.now + .seconds(settings.deadline)
        var last: Duration?
        for pass in 1...Self.passes.upperBound {
            let start = ContinuousClock.now
            let reading = try await reader.read(descriptor: page.descriptor)
            let time = start.duration(to: .now)
            let error = try page.check(reading, maximumError: settings.maximumError)
            let judgement = error.map { "\(Self.percent($0)) of the characters differ" } ?? "the text was not compared"
            Notify.send("STATUS=warm-up pass \(pass): \(time.milliseconds) ms, \(judgement)")
            setup.logger.info(
                "warm-up pass",
                metadata: [
                    "pass": .stringConvertible(pass), "milliseconds": .stringConvertible(time.milliseconds),
                    "judgement": .string(judgement),
                ])
            if let last, pass >= Self.passes.lowerBound, Self.isClose(last, time) { break }
            guard ContinuousClock.now < end else {
                throw LocalFailure(
                    description: "the deadline of \(Int(settings.deadline)) s came before the engine's times settled")
            }
            last = time
        }
        reader.shutdown()
    }

    private static func isClose(_ one: Duration, _ other: Duration) -> Bool {
        abs(one / other - 1) < settled
    }

    static func percent(_ rate: Double) -> String {
        "\(Int(rate * 100)).\(Int((rate * 1000).rounded()) % 10) %"
    }
}

/// The document that is read, open.
private struct WarmupDocument {
    let descriptor: CInt
    private let text: String?
    private let isBuiltIn: Bool
    /// Keeps the built-in page's file open.
    private let file: SpoolFile?

    init(_ page: WarmupSettings.Page, folder: String) throws {
        switch page {
        case .builtIn:
            let file = try Spool(stateDirectory: folder).makeFile(containing: WarmupPage.document)
            self.file = file
            descriptor = file.descriptor
            text = WarmupPage.text
            isBuiltIn = true
        case .file(let path, let text):
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw LocalFailure(description: "WARMUP_IMG=\(path): \(String(cString: strerror(errno)))")
            }
            file = nil
            self.text = text
            isBuiltIn = false
        }
    }

    /// Compares what was read with what stands on the page.
    ///
    /// - Returns: the character error rate; nil when there is nothing to compare with, or it is switched off.
    /// - Throws: ``LocalFailure`` that says how they differ; the text itself only of our own page.
    func check(_ reading: PageReader.Reading, maximumError: Double?) throws -> Double? {
        if let failed = reading.pages.first(where: { $0.outcome == .failed }) {
            throw LocalFailure(description: "page \(failed.number): \(failed.reason ?? "it could not be read")")
        }
        guard let maximumError, let text else { return nil }
        let recognised = reading.pages.map(\.text).joined(separator: "\n")
        let error = CharacterErrorRate.between(recognised: recognised, reference: text)
        guard error > maximumError else { return error }
        var description =
            "the engine's answer does not match the page: \(WarmupCommand.percent(error)) of the characters differ, "
            + "\(WarmupCommand.percent(maximumError)) may (COXSWAIN_WARMUP_MAX_ERROR)"
        if isBuiltIn {
            description += "; it should begin \"\(text.prefix(60))\" and begins \"\(recognised.prefix(60))\""
        }
        throw LocalFailure(description: description)
    }
}

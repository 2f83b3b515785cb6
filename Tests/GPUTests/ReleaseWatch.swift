import Foundation
import GPU
import ProcessHost
import TestSupport

/// Asks `coxswain gpu` again and again, as PID 1 does before it starts a service again, and collects the verdicts.
final class ReleaseWatch {
    private let loop: ProcessHost.EventLoop
    private let environment: [String: String]
    private var release: MemoryRelease
    private let begin = ContinuousClock.now
    private var verdicts: [MemoryRelease.Verdict] = []
    /// Called after each reading with its number, from 1.
    var onReading: (Int) -> Void = { _ in }

    init(environment: [String: String], baseline: MemoryRelease.Memory?) throws {
        loop = try ProcessHost.EventLoop()
        self.environment = environment
        release = MemoryRelease(baseline: baseline)
    }

    static func read(environment: [String: String]) throws -> MemoryRelease.Memory? {
        let result = try Shell.run(Programs.path("coxswain"), ["gpu", "--json"], environment: environment)
        return memory(GPUReport.parse(result.output.utf8), environment)
    }

    private static func memory(_ report: GPUReport, _ environment: [String: String]) -> MemoryRelease.Memory? {
        let selection = DeviceSelection(environment["CUDA_VISIBLE_DEVICES"])
        return MemoryRelease.Memory(of: selection.select(from: report).devices)
    }

    /// - Returns: the verdicts, the last one final, unless the test's own deadline came first.
    func run() throws -> [MemoryRelease.Verdict] {
        loop.setDeadline(EventLoop.now() + 60_000_000_000) { [unowned self] in loop.stop() }
        ask()
        try loop.run()
        return verdicts
    }

    private func ask() {
        var helper: HelperRun?
        helper = HelperRun(
            loop: loop, command: [Programs.path("coxswain"), "gpu", "--json"], environment: environment,
            deadline: .seconds(10)
        ) { [unowned self] outcome in
            if let pid = helper?.pid { waitpid(pid, nil, 0) }
            var memory: MemoryRelease.Memory?
            if case .output(let bytes) = outcome { memory = Self.memory(GPUReport.parse(bytes), environment) }
            verdicts.append(release.read(memory, at: ContinuousClock.now - begin))
            onReading(verdicts.count)
            guard verdicts.last == .wait else { return loop.stop() }
            loop.after(.milliseconds(50)) { [unowned self] in ask() }
        }
    }
}

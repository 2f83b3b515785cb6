import Glibc

/// Asks a running container how it is, from inside of it: for exec probes and HEALTHCHECK.
///
/// A few milliseconds, one connection, no threads.
package struct Probe: Sendable {
    /// What is asked.
    package enum Question: String, Sendable, CaseIterable {
        /// Start-up is over.
        case startup
        /// Work sent now will be done.
        case ready
        /// The container can still heal itself, or holds for somebody to look at it.
        case live

        var path: String {
            switch self {
            case .startup: "/startupz"
            case .ready: "/readyz"
            case .live: "/livez"
            }
        }
    }

    package struct Outcome: Sendable, Equatable {
        package var passed: Bool
        /// One line, for whoever reads the probe's output.
        package var message: String

        package init(passed: Bool, message: String) {
            self.passed = passed
            self.message = message
        }
    }

    private let doors: [ProbeDoor]

    /// - Parameters:
    ///   - host: the numeric address that the container listens on.
    ///   - controlSockets: where PID 1's own socket may be, the likeliest first. It answers while the public port is
    ///     still closed.
    package init(host: String, port: UInt16, controlSockets: [String]) {
        doors = ProbeDoor.doors(host: host, port: port) + controlSockets.map { .socket(path: $0) }
    }

    /// - Parameter timeout: for everything together, seconds.
    package func ask(_ question: Question, timeout: Double) -> Outcome {
        let deadline = Self.now() + UInt64(max(0, min(timeout, 3600)) * 1e9)
        var nobody: [String] = []
        for door in doors {
            switch door.get(question.path, until: deadline) {
            case .answered(let response):
                let line = response.line.isEmpty ? "status \(response.status)" : response.line
                return Outcome(passed: response.status == 200, message: line)
            case .bad(let problem):
                return Outcome(passed: false, message: "failed: \(door): \(problem)")
            case .nobody(let problem):
                nobody.append("\(door): \(problem)")
            }
        }
        return Outcome(
            passed: false,
            message:
                "failed: nobody answers (\(nobody.joined(separator: "; "))): `coxswain run` is not running, or was "
                + "given other settings than this probe: give it the same --config, PORT, COXSWAIN_LISTEN and STATE_DIR"
        )
    }

    /// Nanoseconds of the monotonic clock.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

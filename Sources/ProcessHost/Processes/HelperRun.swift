import CLinux
import Glibc

/// One run of a short-lived program that answers a question on its standard output.
///
/// For what must not be done in this process, such as calls into a driver. Lives on the thread of its ``EventLoop``, keeps
/// itself alive until its end, and never waits: a program stuck in the kernel (state D) cannot even be killed.
///
/// Whoever reaps children must say so by ``ended(_:)``: only then is it sure that no signal reaches a process that has
/// taken over the number.
package final class HelperRun {
    /// nil when it was not started.
    package let pid: ProcessID?
    /// Whether the program's end is known. Until then it may hang in the kernel, and a second one would soon hang beside it.
    package private(set) var isGone: Bool
    private let loop: EventLoop
    private let pipe: CInt
    private var output: [UInt8] = []
    private var timer: EventLoop.TimerToken?
    private var onEnd: ((Outcome) -> Void)?

    package enum Outcome: Sendable {
        /// All that it wrote, to the end of the file. Empty also when it crashed before a word.
        case output([UInt8])
        /// It wrote more than ``mostOutput``, and was killed.
        case tooMuchOutput
        /// It had not ended its output by the deadline. It was sent SIGKILL, and is waited for no more.
        case timedOut(ProcessID)
        case notStarted(SystemError)
    }

    /// In bytes.
    package static let mostOutput = 256 * 1024

    /// - Parameters:
    ///   - command: an absolute path, and arguments. It runs in its own session with standard input and error at /dev/null.
    ///   - deadline: for the whole run.
    ///   - onEnd: called once, never from within this call; not at all after ``cancel()``.
    package init(
        loop: EventLoop, command: [String], environment: [String: String], deadline: Duration,
        onEnd: @escaping (Outcome) -> Void
    ) {
        self.loop = loop
        self.onEnd = onEnd
        do {
            (pid, pipe) = try Self.start(command, environment)
            isGone = false
        } catch {
            (pid, pipe, isGone) = (nil, -1, true)
            timer = loop.after(.zero) { [self] in finish(.notStarted(error)) }
            return
        }
        timer = loop.after(deadline) { [self] in expire() }
        do {
            try loop.watch(pipe, for: .readable) { [self] _ in receive() }
        } catch {
            // It runs, and nothing that it says can be heard.
            kill()
            let why = error as? SystemError ?? SystemError("watch \(command[0])")
            if let timer { loop.cancel(timer) }
            timer = loop.after(.zero) { [self] in finish(.notStarted(why)) }
        }
    }

    /// A child was reaped; nothing happens when it is another.
    ///
    /// What it wrote counts as all there is, even where a descendant of it still holds its standard output.
    package func ended(_ child: ProcessID) {
        guard child == pid, !isGone else { return }
        isGone = true
        while onEnd != nil, receive() {}
        finish(.output(output))
    }

    /// Kills the program, and says nothing more.
    package func cancel() {
        guard onEnd != nil else { return }
        onEnd = { _ in }
        kill()
        finish(.output([]))
    }

    private static func start(_ command: [String], _ environment: [String: String]) throws(SystemError) -> (
        ProcessID, CInt
    ) {
        var ends: [CInt] = [-1, -1]
        guard cox_pipe(&ends) == 0 else { throw SystemError("create a pipe for \(command[0])") }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer {
            close(ends[1])
            if null >= 0 { close(null) }
        }
        do throws(SystemError) {
            guard null >= 0 else { throw SystemError("open /dev/null") }
            return (try Spawner.spawn(command, environment: environment, descriptors: [null, ends[1], null]), ends[0])
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// Reads once, so that a program that never stops writing does not keep the loop from its other work.
    ///
    /// - Returns: whether there may be more.
    @discardableResult
    private func receive() -> Bool {
        let count = withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
            let count = read(pipe, buffer.baseAddress, buffer.count)
            if count > 0 { output += buffer[..<count] }
            return count
        }
        if count < 0 { return errno == EINTR }
        if count == 0 {
            // It has said everything. One that hangs on its way out would hang on for good.
            kill()
            finish(.output(output))
        } else if output.count > Self.mostOutput {
            kill()
            finish(.tooMuchOutput)
        }
        return count > 0
    }

    private func expire() {
        guard let pid else { return }
        kill()
        finish(.timedOut(pid))
    }

    /// The whole session's first group: what the program started goes with it.
    private func kill() {
        guard let pid, !isGone else { return }
        _ = Glibc.kill(-pid, SIGKILL)
    }

    private func finish(_ outcome: Outcome) {
        guard let onEnd else { return }
        self.onEnd = nil
        if let timer { loop.cancel(timer) }
        if pipe >= 0 {
            loop.unwatch(pipe)
            close(pipe)
        }
        output = []
        onEnd(outcome)
    }
}

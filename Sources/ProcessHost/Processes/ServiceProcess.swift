import CLinux
import CShimProtocol
import Glibc

/// One running instance of a service, behind its shim.
///
/// Lives on the thread of its ``EventLoop``. Its life: ``Change/started(pid:)`` or ``Change/notStarted(_:)``, then
/// ``Change/exited(status:usage:)``, then ``Change/gone(killed:)``, after which nothing is left of it.
package final class ServiceProcess {
    /// Process id of the shim.
    package let shim: ProcessID
    private let control: CInt
    private let loop: EventLoop
    private let onChange: (Change) -> Void
    private var over = false

    package enum Change: Sendable {
        case started(pid: ProcessID)
        /// errno of the failed start, in words.
        case notStarted(String)
        /// waitpid(2)'s raw status of the main process, and what it used.
        case exited(status: CInt, usage: Usage)
        /// Nothing is left; so many descendants had to be killed after the main process ended.
        case gone(killed: Int)
        /// The shim ended without a last word: it was killed. What it held is with us now.
        case shimLost
    }

    package struct Usage: Sendable, Equatable {
        package var user: Duration
        package var system: Duration
        package var peakKibibytes: Int
    }

    /// - Parameters:
    ///   - shimPath: the `coxswain-shim` program.
    ///   - command: program and arguments of the service, found through `environment["PATH"]`.
    ///   - output: descriptors that become its standard output and standard error.
    ///   - sockets: listening sockets, which become descriptors 3 and up.
    package init(
        loop: EventLoop, shimPath: String, command: [String], environment: [String: String],
        output: (out: CInt, error: CInt), sockets: [CInt], onChange: @escaping (Change) -> Void
    ) throws(SystemError) {
        var pair: [CInt] = [-1, -1]
        guard cox_socketpair_seqpacket(&pair) == 0 else { throw SystemError("create a socket pair") }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(pair[1])
            if null >= 0 { close(null) }
        }
        guard null >= 0 else {
            close(pair[0])
            throw SystemError("open /dev/null")
        }
        let descriptors = [null, output.out, output.error] + sockets + [pair[1]]
        do {
            shim = try Spawner.spawn(
                [shimPath, String(descriptors.count - 1)] + command, environment: environment, descriptors: descriptors)
        } catch {
            close(pair[0])
            throw error
        }
        control = pair[0]
        self.loop = loop
        self.onChange = onChange
        do {
            try loop.watch(control, for: .readable) { [weak self] _ in self?.receive() }
        } catch {
            close(control)
            throw SystemError("watch the shim of \(command[0])")
        }
    }

    /// Sends a signal to the main process; it cannot reach a process that has taken over its number.
    package func signal(_ number: CInt) {
        send(cox_shim_command(kind: Int32(COX_SHIM_SIGNAL.rawValue), signal: number))
    }

    /// Kills the whole tree.
    package func kill() { send(cox_shim_command(kind: Int32(COX_SHIM_KILL.rawValue), signal: 0)) }

    /// The shim was reaped. What it said before is still read; a shim without a last word was killed.
    package func shimEnded() {
        receive()
        finish(.shimLost)
    }

    private func send(_ command: cox_shim_command) {
        guard !over else { return }
        var command = command
        // A shim that cannot take another message has dozens of ours to work on.
        _ = Glibc.send(control, &command, MemoryLayout.size(ofValue: command), CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
    }

    private func receive() {
        while !over {
            var report = cox_shim_report()
            let length = recv(control, &report, MemoryLayout.size(ofValue: report), CInt(MSG_DONTWAIT))
            guard length == MemoryLayout.size(ofValue: report) else {
                // End of file: wait for the shim's own end, which says whether it was killed.
                if length == 0 { loop.unwatch(control) }
                return
            }
            switch UInt32(report.kind) {
            case COX_SHIM_STARTED.rawValue:
                onChange(.started(pid: report.pid))
            case COX_SHIM_NOT_STARTED.rawValue:
                onChange(.notStarted(String(cString: strerror(CInt(report.value)))))
            case COX_SHIM_EXITED.rawValue:
                let usage = Usage(
                    user: .microseconds(report.user_microseconds), system: .microseconds(report.system_microseconds),
                    peakKibibytes: Int(report.peak_kibibytes))
                onChange(.exited(status: CInt(truncatingIfNeeded: report.value), usage: usage))
            case COX_SHIM_GONE.rawValue:
                finish(.gone(killed: Int(report.value)))
            default:
                break
            }
        }
    }

    private func finish(_ change: Change) {
        guard !over else { return }
        over = true
        loop.unwatch(control)
        close(control)
        onChange(change)
    }
}

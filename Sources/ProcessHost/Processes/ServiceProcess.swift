import CLinux
import CShimProtocol
import Glibc

/// One running instance of a service, behind its shim.
///
/// Lives on the thread of its ``EventLoop``. Its life: ``Change/refused(what:why:)`` as often as need be, then
/// ``Change/started(pid:)`` or ``Change/notStarted(_:)``, then (once started) ``Change/exited(status:usage:)``, then
/// ``Change/gone(killed:usage:)``, after which nothing is left of it. One that is killed before its program runs may exit without
/// having started. ``Change/shimLost`` may come instead of any of these, and is the last too.
package final class ServiceProcess {
    /// Process id of the shim.
    package let shim: ProcessID
    /// What its processes are known by, should the shim be killed.
    package private(set) var instance: StrayClaim.Instance
    private let control: CInt
    private let loop: EventLoop
    private let launch: Launch
    private let steps: LaunchSteps
    private let onChange: (Change) -> Void
    private var over = false

    package enum Change: Sendable, Equatable {
        /// The kernel did not do what the ``Launch`` asks for; the service starts without it.
        case refused(what: String, why: String)
        case started(pid: ProcessID)
        /// What could not be done and why, in words.
        case notStarted(String)
        /// waitpid(2)'s raw status of the main process, and what it used together with those of its children that it waited for.
        case exited(status: CInt, usage: ResourceUsage)
        /// Some process has been there for 5 s although it was killed. Said once; it may be gone later all the same.
        ///
        /// - Parameter state: proc(5)'s letter and, where the kernel tells, why or where in the kernel: `D (nv_lock)`.
        case stuck(pid: ProcessID, state: String)
        /// Nothing is left. So many descendants had to be killed, and so much did the whole tree use.
        case gone(killed: Int, usage: ResourceUsage)
        /// The shim ended without a last word: it was killed. What it held is with us now; see ``StrayClaim``.
        case shimLost
    }

    /// - Parameters:
    ///   - shimPath: the `coxswain-shim` program.
    ///   - output: descriptors that become the service's standard output and standard error.
    ///   - sockets: listening sockets, which become descriptors 3 and up.
    package init(
        loop: EventLoop, shimPath: String, launch: Launch, output: (out: CInt, error: CInt), sockets: [CInt],
        onChange: @escaping (Change) -> Void
    ) throws(SystemError) {
        var pair: [CInt] = [-1, -1]
        guard cox_socketpair_seqpacket(&pair) == 0 else { throw SystemError("create a socket pair") }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(pair[1])
            if null >= 0 { close(null) }
        }
        guard null >= 0 else {
            let error = SystemError("open /dev/null")
            close(pair[0])
            throw error
        }
        steps = LaunchSteps(launch, current: .current)
        let mark = InstanceMark.next()
        // Before the start: none of its processes is older.
        let started = EventLoop.now()
        if let identity = launch.identity { Self.give([output.out, output.error], to: identity) }
        var environment = launch.environment
        environment[Launch.instanceVariable] = mark
        let descriptors = [null, output.out, output.error] + sockets + [pair[1]]
        do {
            shim = try Spawner.spawn(
                [shimPath, String(descriptors.count - 1)] + steps.options + ["--"] + launch.command,
                environment: environment, descriptors: descriptors)
        } catch {
            close(pair[0])
            throw error
        }
        instance = StrayClaim.Instance(
            mark: mark, shim: shim, startTick: ProcessTree.tick(at: started), controlGroups: launch.controlGroups)
        control = pair[0]
        self.loop = loop
        self.launch = launch
        self.onChange = onChange
        do {
            try loop.watch(control, for: .readable) { [weak self] _ in self?.receive() }
        } catch {
            // The end of the socket ends the shim and what it started.
            close(control)
            throw SystemError("watch the shim of \(launch.command.first ?? "")")
        }
    }

    /// Lets another user open `/dev/stdout` and `/dev/stderr` by their names: a pipe of ours would refuse that.
    private static func give(_ descriptors: [CInt], to identity: Identity) {
        for descriptor in descriptors {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { continue }
            fchown(descriptor, identity.user, identity.group)
        }
    }

    /// Sends a signal to the main process; it cannot reach a process that has taken over its number.
    package func signal(_ number: CInt) { send(COX_SHIM_SIGNAL, number) }

    /// Sends a signal to everything that hangs below the main process or was orphaned by it, the deepest first: for
    /// processes that print where they hang (vLLM's EngineCore, on SIGABRT) and go with their parent.
    package func signalDescendants(_ number: CInt) { send(COX_SHIM_SIGNAL_DESCENDANTS, number) }

    /// Kills the whole tree.
    package func kill() {
        send(COX_SHIM_KILL)
        // Somebody may have stopped the shim; it is ours and not reaped yet, so the number is its own.
        if !over { Glibc.kill(shim, SIGCONT) }
    }

    /// The shim was reaped. What it said before is still read; a shim without a last word was killed.
    package func shimEnded() {
        receive()
        finish(.shimLost)
    }

    private func send(_ kind: cox_shim_command_kind, _ signal: CInt = 0) {
        guard !over else { return }
        var command = cox_shim_command(kind: Int32(kind.rawValue), signal: signal)
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
            take(report)
        }
    }

    private func take(_ report: cox_shim_report) {
        switch UInt32(report.kind) {
        case COX_SHIM_REFUSED.rawValue:
            onChange(
                .refused(
                    what: steps.refused(Int(report.option), allowed: report.allowed),
                    why: String(cString: strerror(CInt(report.value)))))
        case COX_SHIM_STARTED.rawValue:
            instance.main = report.pid
            onChange(.started(pid: report.pid))
        case COX_SHIM_NOT_STARTED.rawValue:
            onChange(.notStarted(steps.failed(Int(report.option), code: CInt(report.value), launch: launch)))
        case COX_SHIM_EXITED.rawValue:
            onChange(.exited(status: CInt(truncatingIfNeeded: report.value), usage: report.usage))
        case COX_SHIM_STUCK.rawValue:
            onChange(.stuck(pid: report.pid, state: report.stuckState))
        case COX_SHIM_GONE.rawValue:
            finish(.gone(killed: Int(report.value), usage: report.usage))
        default:
            break
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

extension cox_shim_report {
    fileprivate var usage: ResourceUsage {
        ResourceUsage(
            user: .microseconds(user_microseconds), system: .microseconds(system_microseconds),
            peakKibibytes: Int(peak_kibibytes))
    }

    fileprivate var stuckState: String {
        let letter = String(UnicodeScalar(UInt8(bitPattern: state)))
        if value != 0 { return "\(letter) (it may not be killed: \(String(cString: strerror(CInt(value)))))" }
        let place = withUnsafeBytes(of: detail) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return place.isEmpty || place == "0" ? letter : "\(letter) (\(place))"
    }
}

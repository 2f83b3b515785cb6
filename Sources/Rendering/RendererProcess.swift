import CRenderChannel
import Glibc
import RenderProtocol

/// A running `coxswain-render`. Whoever holds it must `end` it; letting go of it kills it too.
struct RendererProcess: ~Copyable {
    let identifier: pid_t
    let channel: FrameChannel

    /// How a process ended.
    enum End: Equatable {
        case exited(CInt)
        case killed(signal: CInt)
        /// Somebody else reaped it.
        case unknown
    }

    struct StartFailure: Error {
        let message: String
    }

    /// - Parameter arguments: without the program's name.
    init(executable: String, arguments: [String]) throws(StartFailure) {
        guard let pair = SocketPair() else {
            throw StartFailure(message: "no socket for a renderer: \(describe(errno))")
        }
        let (ours, theirs) = (pair.first, pair.second)
        defer { close(theirs) }
        var process: pid_t = 0
        let code = Self.spawn(executable, arguments: arguments, socket: theirs, process: &process)
        guard code == 0 else {
            close(ours)
            throw StartFailure(message: "\(executable) cannot be started: \(describe(code))")
        }
        identifier = process
        channel = FrameChannel(descriptor: ours)
    }

    /// Processor time that it has used so far, in nanoseconds; 0 where that cannot be told.
    var processorNanoseconds: UInt64 {
        var clock = clockid_t()
        var used = timespec()
        guard clock_getcpuclockid(identifier, &clock) == 0, clock_gettime(clock, &used) == 0 else { return 0 }
        return UInt64(used.tv_sec) * 1_000_000_000 + UInt64(used.tv_nsec)
    }

    deinit {
        kill(identifier, SIGKILL)
        close(channel.descriptor)
        _ = Self.reap(identifier, options: 0)
    }

    /// Kills and reaps the process.
    ///
    /// - Parameter grace: how long to let it exit by itself, so that its status tells why; for a process whose socket has
    ///   ended already.
    consuming func end(grace: Duration = .zero) -> End {
        let deadline = monotonicNanoseconds() + grace.nanoseconds
        var end = Self.reap(identifier, options: WNOHANG)
        while end == nil, monotonicNanoseconds() < deadline {
            usleep(1000)
            end = Self.reap(identifier, options: WNOHANG)
        }
        if end == nil { kill(identifier, SIGKILL) }
        close(channel.descriptor)
        let result = end ?? Self.reap(identifier, options: 0)
        discard self
        return result ?? .unknown
    }

    /// - Returns: nil while the process lives.
    private static func reap(_ identifier: pid_t, options: CInt) -> End? {
        var status: CInt = 0
        while true {
            let reaped = waitpid(identifier, &status, options)
            if reaped == 0 { return nil }
            if reaped < 0, errno == EINTR { continue }
            guard reaped == identifier else { return .unknown }
            let signal = status & 0x7F
            return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
        }
    }

    /// - Returns: 0 or an errno.
    private static func spawn(
        _ executable: String, arguments: [String], socket: CInt, process: inout pid_t
    ) -> CInt {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The socket first: descriptors below 3 are taken, so it is not one of those that follow.
        posix_spawn_file_actions_adddup2(&actions, socket, 3)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        crc_spawn_close_from(&actions, 4)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The api's threads block and ignore signals that must reach a renderer.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // One malloc arena: a second would only add to what counts against the limit of address space.
        let environment = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "MALLOC_ARENA_MAX=1",
        ]
        return withCStrings([executable] + arguments) { argv in
            withCStrings(environment) { envp in
                posix_spawn(&process, executable, &actions, &attributes, argv, envp)
            }
        }
    }
}

/// Calls `body` with a NULL-terminated array of C strings, as exec wants it.
private func withCStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
    pointers[strings.count] = nil
    defer {
        for index in strings.indices { free(pointers[index]) }
        pointers.deallocate()
    }
    return body(pointers)
}

extension Duration {
    /// 0 for a negative duration.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

import Glibc
import OperatorConsole
import ProcessHost

/// What `coxswain gpu` prints, from a process of its own: the driver may hang, and then this process would.
enum GPUText {
    static func ask(within seconds: Int = 10) -> Result<String, ConsoleFailure> {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return .failure(failure("no pipe: \(String(cString: strerror(errno)))")) }
        defer { close(ends[0]) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let pid: ProcessID
        do {
            pid = try Spawner.spawn(
                ["\(ProgramPath.ownFolder())/coxswain", "gpu"], environment: OwnEnvironment.variables(),
                descriptors: [null, ends[1], null])
        } catch {
            close(ends[1])
            return .failure(failure("\(error)"))
        }
        close(ends[1])
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            var entry = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 200) > 0 else { continue }
            let count = read(ends[0], &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                waitpid(pid, nil, 0)
                return .success(String(decoding: output, as: UTF8.self))
            }
            output += chunk[..<count]
        }
        // One that hangs in the driver cannot be waited for.
        kill(pid, SIGKILL)
        return .failure(failure("the GPU driver did not answer within \(seconds) s"))
    }

    private static func failure(_ why: String) -> ConsoleFailure { ConsoleFailure(.no, why) }
}

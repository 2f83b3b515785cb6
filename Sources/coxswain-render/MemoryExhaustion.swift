import Glibc
import RenderProtocol

/// Tells "out of memory" and "out of stack" from "crashed".
///
/// poppler, GLib and the C++ and Swift runtimes abort or trap when an allocation fails; cairo draws nothing and goes on.
/// In each case errno is still what malloc left there, ENOMEM, as successful calls do not touch it. A document that nests its
/// parts some thousand times over ends the stack instead: a fault at an address where the stack would have gone on.
enum MemoryExhaustion {
    /// The main thread's stack, the only one: where it may not reach, and about where it begins. Written before any handler
    /// can run, and never again.
    nonisolated(unsafe) private static var stack: (low: UInt, high: UInt) = (0, 0)

    /// Makes fatal signals that follow a failed allocation, or the end of the stack, end the process with a status of its own.
    static func installHandlers() {
        noteStack()
        for number in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP] {
            var action = sigaction()
            action.sa_flags = SA_SIGINFO | SA_ONSTACK
            action.__sigaction_handler.sa_sigaction = { number, information, _ in
                if number == SIGSEGV, let information {
                    let address = UInt(bitPattern: information.pointee._sifields._sigfault.si_addr)
                    if MemoryExhaustion.stack.low <= address, address < MemoryExhaustion.stack.high {
                        _exit(RendererExit.nestedTooDeeply)
                    }
                }
                if errno == ENOMEM { _exit(RendererExit.outOfMemory) }
                signal(number, SIG_DFL)
                raise(number)
            }
            sigaction(number, &action, nil)
        }
    }

    /// Gives handlers a stack of their own, since the other may have no room for one.
    private static func noteStack() {
        let size = 64 * 1024
        var alternative = stack_t(ss_sp: malloc(size), ss_flags: 0, ss_size: size)
        guard alternative.ss_sp != nil, sigaltstack(&alternative, nil) == 0 else { return }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit)
        // A frame may be larger than a page, and so step over the first address that is none.
        let length = UInt(clamping: limit.rlim_cur).addingReportingOverflow(1 << 20).partialValue
        let high = withUnsafePointer(to: limit) { UInt(bitPattern: $0) }
        let (low, overflow) = high.subtractingReportingOverflow(length)
        stack = (overflow ? 0 : low, high)
    }

    /// Call before work whose failed allocations `happened` is to report.
    static func forget() {
        errno = 0
    }

    static var happened: Bool {
        errno == ENOMEM
    }

    static func failure(_ what: String) -> RenderFailure {
        RenderFailure(.outOfMemory, "the renderer's memory limit was reached while \(what)")
    }
}

import Glibc
import RenderProtocol

/// Tells "out of memory" from "crashed".
///
/// poppler, GLib and the C++ and Swift runtimes abort or trap when an allocation fails; cairo draws nothing and goes on.
/// In each case errno is still what malloc left there, ENOMEM, as successful calls do not touch it.
enum MemoryExhaustion {
    /// Makes fatal signals that follow a failed allocation end the process with a status of their own.
    static func installHandlers() {
        for number in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP] {
            signal(number) { number in
                if errno == ENOMEM { _exit(RendererExit.outOfMemory) }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
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

import CLinux
import Glibc

/// The signals sent to this process, as events of the loop. They are blocked from before `main` on
/// (`CSignalsBlocked`), so none is lost and none interrupts.
package final class SignalSource {
    private let descriptor: CInt
    private let loop: EventLoop

    package init(loop: EventLoop, _ body: @escaping (CInt) -> Void) throws {
        descriptor = cox_signalfd()
        guard descriptor >= 0 else { throw SystemError("create a signalfd") }
        self.loop = loop
        try loop.watch(descriptor, for: .readable) { [descriptor] _ in
            while true {
                let number = cox_signalfd_next(descriptor)
                guard number > 0 else { return }
                body(number)
            }
        }
    }

    deinit {
        loop.unwatch(descriptor)
        close(descriptor)
    }
}

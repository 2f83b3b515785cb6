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
            // All that wait now, and only those: one that comes while these are handled (also from ``ChildReaper``, which
            // calls itself again that way) has its turn after the other events of the loop.
            var waiting: [CInt] = []
            while waiting.count < 64 {
                let number = cox_signalfd_next(descriptor)
                guard number > 0 else { break }
                waiting.append(number)
            }
            for number in waiting { body(number) }
        }
    }

    deinit {
        loop.unwatch(descriptor)
        close(descriptor)
    }
}

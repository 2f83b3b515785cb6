import CLinux
import Glibc
import Synchronization

/// Takes messages for the loop's thread from any other.
package final class Mailbox<Message: Sendable>: Sendable {
    private let descriptor: CInt
    private let pending = Mutex<[Message]>([])

    package init() throws {
        descriptor = cox_eventfd()
        guard descriptor >= 0 else { throw SystemError("create an eventfd") }
    }

    deinit { close(descriptor) }

    package func post(_ message: Message) {
        let wasEmpty = pending.withLock { pending in
            pending.append(message)
            return pending.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout.size(ofValue: one))
    }

    /// Calls `body` on the loop's thread with each message, in the order of their posting.
    package func deliver(on loop: EventLoop, _ body: @escaping (Message) -> Void) throws {
        try loop.watch(descriptor, for: .readable) { [self] _ in
            var count: UInt64 = 0
            _ = read(descriptor, &count, MemoryLayout.size(ofValue: count))
            let messages = pending.withLock { pending in
                let messages = pending
                pending = []
                return messages
            }
            for message in messages { body(message) }
        }
    }
}

import Glibc

/// A POSIX semaphore: what a thread of our own sleeps on. Swift's concurrency has nothing that blocks, rightly.
///
/// Sendable unchecked: the pointer never changes, and sem_post(3) and sem_wait(3) are made for many threads.
final class Semaphore: @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<sem_t>

    init() {
        pointer = .allocate(capacity: 1)
        sem_init(pointer, 0, 0)
    }

    deinit {
        sem_destroy(pointer)
        pointer.deallocate()
    }

    func signal() {
        sem_post(pointer)
    }

    func wait() {
        while sem_wait(pointer) != 0 {}
    }
}

import Digests
import Glibc
import Synchronization

/// Computes the SHA-256 of a file while it is written: on a thread of its own, behind the bytes that are there from the
/// first one on, read back from the page cache, where they are for sure.
final class HashFollower: Sendable {
    enum End: Sendable {
        case hash(String)
        case trouble(FileTrouble)
    }

    private let file: FileBytes
    private let path: String
    private let worker = Worker()
    private let isGivenUp = Atomic(false)
    private let state: Mutex<State>

    private struct State: ~Copyable {
        let digest = Digest()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        var position: Int64 = 0
        var trouble: FileTrouble?

        deinit { buffer.deallocate() }
    }

    init(_ file: FileBytes, path: String) {
        self.file = file
        self.path = path
        state = Mutex(State())
    }

    /// Says that all bytes before `end` are there.
    func follow(to end: Int64) {
        worker.post { self.hash(to: end) }
    }

    /// To be called once, when all that there is was followed; `then` is called on the thread.
    func finish(_ then: @escaping @Sendable (End) -> Void) {
        worker.post {
            guard !self.isGivenUp.load(ordering: .relaxed) else { return }
            then(
                self.state.withLock { state in
                    if let trouble = state.trouble { return .trouble(trouble) }
                    guard let hash = state.digest.finish() else {
                        return .trouble(FileTrouble("compute the SHA-256 of", self.path, code: ENOTSUP))
                    }
                    return .hash(hash)
                })
        }
    }

    /// Ends the thread. Not from `then`.
    func end() {
        isGivenUp.store(true, ordering: .relaxed)
        worker.end(leavingRest: true)
    }

    private func hash(to end: Int64) {
        state.withLock { state in
            while state.position < end, state.trouble == nil, !isGivenUp.load(ordering: .relaxed) {
                let wanted = Int(min(end - state.position, Int64(state.buffer.count)))
                let piece = UnsafeMutableRawBufferPointer(rebasing: state.buffer[..<wanted])
                let count = file.read(at: state.position, into: piece)
                guard count == wanted else {
                    // Fewer than were written: somebody else cut the file.
                    state.trouble = FileTrouble("read", path, code: count == nil ? errno : EIO)
                    return
                }
                state.digest.update(UnsafeRawBufferPointer(piece))
                state.position += Int64(wanted)
            }
        }
    }
}

import Foundation
import Synchronization

/// Many clients at once.
package final class Crowd<Value: Sendable>: Sendable {
    private let outcomes = Mutex<[Int: Result<Value, any Error>]>([:])
    private let group = DispatchGroup()

    /// Runs `body` so many times, each on a thread of its own since clients block, and returns what came of each, in order.
    package static func run(
        _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
    ) -> [Result<Value, any Error>] {
        let crowd = Crowd()
        for number in 0..<count { crowd.start(number, body) }
        crowd.group.wait()
        return crowd.outcomes.withLock { outcomes in outcomes.sorted { $0.key < $1.key }.map(\.value) }
    }

    private init() {}

    private func start(_ number: Int, _ body: @escaping @Sendable (Int) throws -> Value) {
        group.enter()
        let thread = Thread {
            let outcome = Result { try body(number) }
            self.outcomes.withLock { $0[number] = outcome }
            self.group.leave()
        }
        // Some hundred of them would otherwise ask for gigabytes of address space.
        thread.stackSize = 512 << 10
        thread.start()
    }
}

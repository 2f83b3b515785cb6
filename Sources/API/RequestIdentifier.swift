/// Names one request in the log, in its answer and in its result file.
package struct RequestIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// 32 hexadecimal digits: 128 random bits, so that nobody can guess another's.
    package let description: String

    package init() {
        var generator = SystemRandomNumberGenerator()
        description = [generator.next(), generator.next()]
            .map { (half: UInt64) in
                let digits = String(half, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            .joined()
    }
}

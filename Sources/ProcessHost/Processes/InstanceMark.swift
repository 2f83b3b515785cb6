import Glibc

/// Values of ``Launch/instanceVariable``: `PID-COUNT-RANDOM`, where the last part tells one life of the container from another
/// (and from a supervisor inside of it).
///
/// Not `Sendable`, like all that starts processes: the loop's thread alone counts.
enum InstanceMark {
    private static let life = String(UInt64.random(in: .min ... .max), radix: 16)
    nonisolated(unsafe) private static var count = 0  // the loop's thread alone starts services

    static func next() -> String {
        count += 1
        return "\(getpid())-\(count)-\(life)"
    }
}

import Digests
import Foundation
import TestSupport

/// SHA-256 of bytes that come in pieces.
final class Hash {
    private let digest = Digest()
    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { digest.update($0) } }
    func finish() -> String { digest.finish() ?? "" }
}

/// What this process has in memory (proc(5)). Bytes.
enum Memory {
    /// - Returns: what it has now, from which the peak is counted anew.
    static func resetPeak() -> Int {
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        return value("VmRSS")
    }

    static func peak() -> Int { value("VmHWM") }

    private static func value(_ name: String) -> Int { (ProcessStatus(getpid())?.number(name) ?? 0) << 10 }
}

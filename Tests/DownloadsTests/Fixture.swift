import Digests
import Downloads
import Foundation
import Synchronization
import TestSupport

/// What the tests of downloads share.
enum Fixture {
    /// Bytes that say where they are: none of any range is as another.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = TestRandom(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    static func sha256(_ bytes: [UInt8]) -> String {
        let digest = Digest()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish() ?? ""
    }

    static func read(_ folder: TestFolder, _ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(folder.path)/\(name)").map { Array($0) }
    }

    /// Small parts and short pauses.
    static var options: DownloadOptions {
        var options = DownloadOptions()
        options.partBytes = 64 << 10
        options.connections = 4
        options.firstPause = .milliseconds(5)
        options.longestPause = .milliseconds(20)
        options.stallSeconds = 1
        options.connectTimeoutSeconds = 5
        return options
    }

    /// - Returns: the error of a call; nil where there was none.
    static func error(_ body: () throws -> Void) -> DownloadError? {
        do {
            try body()
            return nil
        } catch {
            return error as? DownloadError
        }
    }
}

/// What was said meanwhile.
final class Said: Sendable {
    private let values = Mutex<[DownloadProgress]>([])
    var all: [DownloadProgress] { values.withLock { $0 } }
    func append(_ progress: DownloadProgress) { values.withLock { $0.append(progress) } }
}

final class Count: Sendable {
    private let value = Mutex(0)
    /// - Returns: from 1 on.
    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
    var now: Int { value.withLock { $0 } }
}

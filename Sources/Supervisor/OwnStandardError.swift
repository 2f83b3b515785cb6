import CLinux
import Glibc
import OperatorLog

/// Descriptor 2 of this process: what the Swift runtime, the C library and the loader say there, the text of a crash above all.
///
/// It is a small memory file: whoever reads the container's log may stall, and a crash must not wait for that. What is said
/// there becomes records of the log at the next thing that happens. (The kernel tells nobody of writes to such a file.)
enum OwnStandardError {
    /// From now on; and a crash leaves its last words, see `cox_crash_catch`.
    ///
    /// - Parameter file: where a crash leaves its message for the orchestrator.
    /// - Returns: what could not be done, and why; nil when all is well.
    static func takeOver(messageFile file: String, json: Bool) -> String? {
        if cox_own_errors_begin() != 0 {
            return
                "the kernel refuses a memory file (\(String(cString: strerror(errno)))): standard error stays what it was"
        }
        if cox_crash_catch(file, STDOUT_FILENO, json ? 1 : 0) != 0 {
            return "a crash would end without its last words: \(String(cString: strerror(errno)))"
        }
        return nil
    }

    /// Lines since the last call.
    static func news() -> [String] {
        var bytes: [UInt8] = []
        while true {
            let more = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer -> Bool in
                guard let start = buffer.baseAddress else { return false }
                let length = cox_own_errors_next(start, buffer.count)
                bytes += buffer[..<length].map(UInt8.init(bitPattern:))
                return length == buffer.count
            }
            guard more else { break }
        }
        guard !bytes.isEmpty else { return [] }
        var splitter = LineSplitter()
        return splitter.feed(bytes) + [splitter.finish()].compactMap { $0 }
    }
}

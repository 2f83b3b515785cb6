import Foundation
import Synchronization

/// A server that a script is: its first line of output is its port, and the end of its input ends it, even where this process
/// is killed.
package final class ScriptedServer: Sendable {
    package let port: Int
    /// Sendable unchecked: used under the lock alone.
    private struct Running: @unchecked Sendable {
        var process: Process
        var input: Pipe
    }
    private let running: Mutex<Running>

    package struct CannotStart: Error {
        package var status: Int32
        package var errors: String
    }

    /// - Parameters:
    ///   - script: beside the file that calls, unless it is an absolute path; run by python3 where its name ends with `.py`.
    package init(_ script: String, _ arguments: [String], beside file: String = #filePath) throws {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        let path = script.hasPrefix("/") ? script : "\(folder)/\(script)"
        let (process, input, output) = (Process(), Pipe(), Pipe())
        let errors = try TestFolder()
        try errors.write("errors", "")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (path.hasSuffix(".py") ? ["python3", path] : [path]) + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: "\(errors.path)/errors")
        try process.run()
        // Held here it would never end, where the script does before it says anything.
        try output.fileHandleForWriting.close()
        let line = output.fileHandleForReading.availableData
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            process.waitUntilExit()
            throw CannotStart(
                status: process.terminationStatus,
                errors: (try? String(contentsOfFile: "\(errors.path)/errors", encoding: .utf8)) ?? "")
        }
        self.port = port
        running = Mutex(Running(process: process, input: input))
    }

    deinit { stop() }

    package func stop() {
        running.withLock {
            try? $0.input.fileHandleForWriting.close()
            $0.process.waitUntilExit()
        }
    }

    /// At once, in whatever it does.
    package func kill() {
        running.withLock {
            Foundation.kill($0.process.processIdentifier, SIGKILL)
            $0.process.waitUntilExit()
        }
    }
}

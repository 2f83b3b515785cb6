import Foundation
import TestSupport

/// A program that runs while a test goes on, its standard output and error in files.
final class Program {
    private let process = Process()
    private let folder: TestFolder

    /// - Parameter environment: added to this process's own.
    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        folder = try TestFolder()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle(forWritingAtPath: try folder.write("out", ""))
        process.standardError = FileHandle(forWritingAtPath: try folder.write("err", ""))
        try process.run()
    }

    deinit {
        if process.isRunning {
            send(SIGKILL)
            process.waitUntilExit()
        }
    }

    var errors: String { (try? String(contentsOfFile: "\(folder.path)/err", encoding: .utf8)) ?? "" }

    /// The most memory, in bytes, that was resident.
    var peak: Int { (ProcessStatus(process.processIdentifier)?.number("VmHWM") ?? 0) << 10 }

    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Waits for its end, blocking the thread.
    ///
    /// - Returns: the exit status, or minus the signal that ended it.
    @discardableResult
    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

/// A page of a book that is on every Debian machine with `debmake-doc`: in English and in Russian.
struct BookPage {
    var language: String
    var number: Int

    struct Undrawn: Error { var reason: String }

    /// As a picture at 300 dpi, in grey.
    func picture(_ format: String = "-jpeg") throws -> [UInt8] {
        try drawn([format])
    }

    /// One line and a half, to be read in a moment.
    ///
    /// - Parameter height: pixels, for more lines.
    func snippet(_ format: String = "-png", height: Int = 200) throws -> [UInt8] {
        try drawn([format, "-x", "300", "-y", "800", "-W", "1800", "-H", "\(height)"])
    }

    private func drawn(_ arguments: [String]) throws -> [UInt8] {
        let folder = try TestFolder()
        let result = try Shell.run(
            "pdftoppm",
            ["-r", "300", "-gray", "-f", "\(number)", "-l", "\(number)", "-singlefile"] + arguments
                + [Book.path(language), "\(folder.path)/page"])
        guard result.status == 0, let name = folder.names().first(where: { $0.hasPrefix("page.") }) else {
            throw Undrawn(reason: result.errors)
        }
        return Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")))
    }

    func text() throws -> String {
        try Book.text(of: Book.path(language), page: number)
    }
}

/// The smallest picture that can be read, and has nothing on it: what asks an engine whether it lives.
enum WhitePicture {
    /// 32 × 32 pixels of one bit, as a PNG.
    static let base64 =
        "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQAAAABbAUdZAAAAD0lEQVR42mP4DwQMg5cAANrpf4Em8vpjAAAAAElFTkSuQmCC"

    static var bytes: [UInt8] { Data(base64Encoded: base64).map { Array($0) } ?? [] }

    /// The request that carries it.
    static let question =
        #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"#
        + #"{"url":"data:image/png;base64,\#(base64)"}}]}],"max_completion_tokens":1}"#
}

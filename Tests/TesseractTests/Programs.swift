import FoundationEssentials
import Glibc

/// A program that a test runs, with its standard output and error in files.
final class Program {
    struct CannotStart: Error { var path: String, code: Int32 }

    let processIdentifier: pid_t
    private let directory: String
    private var status: Int32?

    /// - Parameter environment: added to this process's own.
    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        directory = try Self.temporaryDirectory()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, name) in [(STDOUT_FILENO, "out"), (STDERR_FILENO, "err")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        }
        var variables: [String] = environment.map { "\($0.key)=\($0.value)" }
        var own = environ
        while let variable = own.pointee {
            let text = String(cString: variable)
            if !environment.keys.contains(String(text.prefix { $0 != "=" })) { variables.append(text) }
            own += 1
        }
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let values = variables.map { strdup($0) } + [nil]
        defer { for pointer in words + values { free(pointer) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, path, &actions, nil, words, values)
        guard code == 0 else { throw CannotStart(path: path, code: code) }
        processIdentifier = identifier
    }

    deinit {
        if status == nil {
            kill(processIdentifier, SIGKILL)
            wait()
        }
        for name in ["out", "err"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    var output: [UInt8] { contents(of: "\(directory)/out") }
    var errors: String { String(decoding: contents(of: "\(directory)/err"), as: UTF8.self) }

    func send(_ signal: Int32) {
        kill(processIdentifier, signal)
    }

    /// Waits for its end, blocking the thread.
    ///
    /// - Returns: the exit status, or minus the signal that ended it.
    @discardableResult
    func wait() -> Int32 {
        var raw = status ?? 0
        if status == nil {
            while waitpid(processIdentifier, &raw, 0) < 0 && errno == EINTR {}
            status = raw
        }
        return raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
    }

    /// Runs a program to its end.
    static func output(of path: String, _ arguments: String...) throws -> [UInt8] {
        let program = try Program(path, arguments)
        guard program.wait() == 0 else { throw CannotStart(path: path, code: program.wait()) }
        return program.output
    }

    private static func temporaryDirectory() throws -> String {
        var template = Array("/tmp/coxswain-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CannotStart(path: "mkdtemp", code: errno) }
        return template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}

/// A file's bytes; none where there is no such file.
func contents(of path: String) -> [UInt8] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
}

/// A page of a book that is on every Debian machine with `debmake-doc`: in English and in Russian.
struct BookPage {
    var language: String
    var number: Int

    private var path: String { "/usr/share/doc/debmake-doc/debmake-doc.\(language).pdf" }

    /// As a picture at 300 dpi, in grey.
    func picture(_ format: String = "-jpeg") throws -> [UInt8] {
        try Program.output(
            of: "pdftoppm", "-r", "300", "-gray", format, "-f", "\(number)", "-l", "\(number)", "-singlefile", path)
    }

    /// One line and a half, to be read in a moment.
    func snippet(_ format: String = "-png") throws -> [UInt8] {
        try Program.output(
            of: "pdftoppm", "-r", "300", "-gray", format, "-f", "\(number)", "-l", "\(number)", "-x", "300", "-y",
            "800",
            "-W", "1800", "-H", "200", "-singlefile", path)
    }

    func text() throws -> String {
        String(
            decoding: try Program.output(of: "pdftotext", "-f", "\(number)", "-l", "\(number)", path, "-"),
            as: UTF8.self)
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

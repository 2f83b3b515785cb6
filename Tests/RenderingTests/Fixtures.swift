import Glibc
import RenderProtocol
import Rendering
import Testing

/// Everything in this target that starts processes, one test after another: they count processes and descriptors.
@Suite("Rendering", .serialized, .timeLimit(.minutes(3)))
enum RenderingTests {}

enum Fixtures {
    /// `coxswain-render` of the same build as these tests: in a folder above the running program.
    static let renderer: String = {
        var folder = target(ofLink: "/proc/self/exe") ?? CommandLine.arguments[0]
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            let candidate = folder + "/coxswain-render"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        // Not beside the tests where the test runner is the toolchain's: then the working folder is the package's.
        return ".build/release/coxswain-render"
    }()

    static func pool(
        workers: Int = 1, _ change: (inout RendererPool.Configuration) -> Void = { _ in }
    ) -> RendererPool {
        var configuration = RendererPool.Configuration(executable: renderer, workers: workers)
        change(&configuration)
        return RendererPool(configuration: configuration)
    }

    /// The same book in several scripts, of Debian's package debmake-doc.
    static func book(_ language: String) -> String {
        "/usr/share/doc/debmake-doc/debmake-doc.\(language).pdf"
    }

    /// Whether the descriptors of a renderer can be looked at: it shows them to root alone, even to its own user.
    static let seesDescriptors = geteuid() == 0
    static let seesDescriptorsHint: Comment = "SKIPPED: needs root, to see what renderers have open"

    static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }

    /// What a command prints.
    static func output(of command: String) -> String {
        guard let stream = popen(command, "r") else { return "" }
        defer { pclose(stream) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&chunk, 1, chunk.count, stream)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk.prefix(count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Children of this process that run the renderer, zombies included.
    static func renderers() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), let file = try? OpenFile("/proc/\(process)/stat") else { continue }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = read(file.descriptor, &bytes, bytes.count)
            // "pid (command) state parent …"
            let words = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: " ")
            if words.count > 3, words[1] == "(coxswain-render)", words[3] == "\(getpid())" { found.append(process) }
        }
        return found
    }
}

/// Something with a descriptor that is closed when it goes.
protocol Descriptor: AnyObject, Sendable {
    var descriptor: CInt { get }
}

extension RendererPool {
    /// Opens a file and keeps it until it is open: Swift may let go of a value right after its descriptor was read.
    func open(_ file: some Descriptor, password: String? = nil) async throws(RenderError) -> RenderedDocument {
        defer { withExtendedLifetime(file) {} }
        return try await open(file.descriptor, password: password)
    }
}

/// A file that exists only as long as the value does.
final class TemporaryFile: Descriptor {
    let path: String
    let descriptor: CInt

    init(_ bytes: [UInt8] = []) throws {
        var template = Array("/tmp/coxswain-rendering-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(descriptor >= 0)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    }

    convenience init(_ text: String) throws {
        try self.init(Array(text.utf8))
    }

    deinit {
        close(descriptor)
        unlink(path)
    }
}

/// A descriptor of an existing file, closed with the value.
final class OpenFile: Descriptor {
    let descriptor: CInt

    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Missing(path: path) }
    }

    struct Missing: Error {
        let path: String
        let hint = "the books are in Debian's package debmake-doc"
    }

    deinit {
        close(descriptor)
    }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(count, 0)))
    }
}

/// A PDF of one page, written by hand; poppler finds the objects without a cross-reference table.
func smallPDF(box: String = "[0 0 200 100]", page: String = "", content: String = "", trailer: String = "") -> String {
    """
    %PDF-1.4
    1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
    2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox\(box)\(page)/Contents 4 0 R>>endobj
    4 0 obj<</Length \(content.utf8.count)>>stream
    \(content)
    endstream endobj
    5 0 obj<<\(trailer)>>endobj
    trailer<</Root 1 0 R/Size 6\(trailer)>>
    %%EOF
    """
}

/// A page that takes a renderer a second or more: large circles of dashes over one another.
func slowPDF(strokes: Int) -> String {
    let circle = "300 600 m 600 600 600 0 300 0 c 0 0 0 600 300 600 c S\n"
    return smallPDF(
        box: "[0 0 600 600]", content: "[0.3 0.3] 0 d 5 w\n" + String(repeating: circle, count: strokes))
}

func renderError(_ body: () async throws -> Void) async -> RenderError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RenderError
    }
}

/// Whether something comes true within some seconds.
func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

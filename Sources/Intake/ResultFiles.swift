import Glibc

/// The folder that belongs to the user, into which results go under the names of the container that this one replaces:
/// `<YYYYmmdd_HHMMSS>_<stem>.md` and `.json`.
package struct ResultFiles: Sendable {
    private let folder: String
    private let usesTemporaryFlag: Bool

    /// Where one document's results are, as absolute paths (as far as the folder's is).
    package struct Paths: Sendable, Equatable {
        package var markdown: String
        package var json: String
    }

    /// - Parameter usesTemporaryFlag: false takes the way of file systems that have no `O_TMPFILE`.
    package init(folder: String, usesTemporaryFlag: Bool = true) {
        self.folder = folder
        self.usesTemporaryFlag = usesTemporaryFlag
    }

    /// Makes the folder if it is not there, mode 0755 less the umask, and finds out whether files can be made in it.
    package func prepare() throws(FileFailure) {
        try makeFolder(folder, mode: 0o755)
        _ = try TemporaryFile(in: folder, mode: Self.mode, isPublished: false, usesTemporaryFlag: usesTemporaryFlag)
    }

    package enum Kind: Sendable { case markdown, json }

    /// Writes both files, whole and on the disk before they have names, and never over another file: a second document
    /// of the same name in the same second gets `_2`.
    ///
    /// - Parameters:
    ///   - seconds: when the document was taken, since 1970; named in the local time zone (`TZ`).
    ///   - mark: what stands near the beginning of this document's JSON and of no other's. Files that an earlier life wrote,
    ///     and ended before it could say so, are known by it.
    ///   - write: writes one of them. It is told the paths, which the JSON names, and may be called again for other ones.
    /// - Throws: `FileFailure`, or what `write` throws.
    package func store(
        stem: SafeStem, seconds: Int, mark: String, write: (Kind, Paths, ResultSink) async throws -> Void
    ) async throws -> Paths {
        let base = "\(LocalTime(seconds: seconds).fileStamp)_\(stem.text)"
        for attempt in 1...Self.maximumAttempts {
            let name = attempt == 1 ? base : "\(base)_\(attempt)"
            let paths = Paths(markdown: "\(folder)/\(name).md", json: "\(folder)/\(name).json")
            // Looked at first for the sake of work alone: what counts is whether the names are free at the end.
            if access(paths.json, F_OK) == 0, Self.begins(paths.json, with: mark) { return paths }
            if access(paths.markdown, F_OK) == 0 || access(paths.json, F_OK) == 0 { continue }
            let markdown = try await stage(.markdown, paths, write)
            let json = try await stage(.json, paths, write)
            // The Markdown first: whoever waits for the JSON file finds both.
            guard try markdown.publish(as: "\(name).md") else { continue }
            do {
                if try json.publish(as: "\(name).json") {
                    synchroniseFolder(folder)
                    return paths
                }
            } catch {
                unlink(paths.markdown)
                throw error
            }
            // The JSON's name alone was taken: both move on. The name removed here was ours.
            unlink(paths.markdown)
        }
        throw FileFailure(action: "find a free file name", folder: folder, code: EEXIST)
    }

    /// Readable for the owner's group, for nobody else: documents may be confidential.
    private static let mode: mode_t = 0o640
    private static let maximumAttempts = 10_000

    /// Whether a text stands in the first bytes of a file.
    private static func begins(_ path: String, with mark: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard let count = retrying({ read(descriptor, &bytes, bytes.count) }) else { return false }
        return bytes[..<count].firstRange(of: mark.utf8) != nil
    }

    private func stage(
        _ kind: Kind, _ paths: Paths, _ write: (Kind, Paths, ResultSink) async throws -> Void
    ) async throws -> TemporaryFile {
        let file = try TemporaryFile(
            in: folder, mode: Self.mode, isPublished: true, usesTemporaryFlag: usesTemporaryFlag)
        let sink = ResultSink(file)
        try await write(kind, paths, sink)
        try await sink.finish()
        return file
    }
}

/// A moment in the local time zone.
package struct LocalTime: Sendable {
    private let seconds: Int

    /// - Parameter seconds: since 1970.
    package init(seconds: Int) { self.seconds = seconds }

    /// `20250131_235959`.
    package var fileStamp: String { format("%Y%m%d_%H%M%S") }

    /// `2025-01-31T23:59:59`, as Python's `datetime.now().isoformat()` without its fraction.
    package var iso: String { format("%Y-%m-%dT%H:%M:%S") }

    private func format(_ pattern: String) -> String {
        var time = time_t(seconds)
        var fields = tm()
        localtime_r(&time, &fields)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, pattern, &fields) }
        }
    }
}

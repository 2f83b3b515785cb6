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

    /// Writes both files, whole and on the disk before they have names, and never over another file: a second document
    /// of the same name in the same second gets `_2`. Blocks while the disk works.
    ///
    /// - Parameters:
    ///   - seconds: when the document was taken, since 1970; named in the local time zone (`TZ`).
    ///   - json: makes the JSON once the paths are known, since it names them.
    package func store(
        stem: SafeStem, seconds: Int, markdown: String, json: (Paths) -> String
    ) throws(FileFailure) -> Paths {
        var text = try stage(markdown)
        let base = "\(LocalTime(seconds: seconds).fileStamp)_\(stem.text)"
        for attempt in 1...Self.maximumAttempts {
            let name = attempt == 1 ? base : "\(base)_\(attempt)"
            // The Markdown first: whoever waits for the JSON file finds both.
            guard try text.publish(as: "\(name).md") else { continue }
            let paths = Paths(markdown: "\(folder)/\(name).md", json: "\(folder)/\(name).json")
            do {
                if try stage(json(paths)).publish(as: "\(name).json") {
                    synchroniseFolder()
                    return paths
                }
            } catch {
                unlink(paths.markdown)
                throw error
            }
            // The JSON's name alone was taken: both move on. The name removed here was ours; a nameless file can be
            // given one only once, so the Markdown is written again.
            unlink(paths.markdown)
            text = try stage(markdown)
        }
        throw FileFailure(action: "find a free file name", folder: folder, code: EEXIST)
    }

    /// Readable for the owner's group, for nobody else: documents may be confidential.
    private static let mode: mode_t = 0o640
    private static let maximumAttempts = 10_000

    private func stage(_ text: String) throws(FileFailure) -> TemporaryFile {
        let file = try TemporaryFile(
            in: folder, mode: Self.mode, isPublished: true, usesTemporaryFlag: usesTemporaryFlag)
        let bytes = Array(text.utf8)
        // `withUnsafeBytes` rethrows untyped errors; a Result carries the typed one.
        try bytes.withUnsafeBytes { pointer in Result { () throws(FileFailure) in try file.write(pointer) } }.get()
        try file.synchronise()
        return file
    }

    /// A folder that cannot be synchronised (some network file systems) costs durability after a power cut only.
    private func synchroniseFolder() {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
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

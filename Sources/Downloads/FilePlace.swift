import CFileCalls
import Glibc

/// A call about a file that the system refused.
struct FileTrouble: Error, Sendable, Equatable {
    var doing: String
    var path: String
    var code: Int32

    init(_ doing: String, _ path: String, code: Int32 = errno) {
        self.doing = doing
        self.path = path
        self.code = code
    }

    var isForWantOfRoom: Bool { code == ENOSPC || code == EDQUOT }
}

/// Where one file goes: its folder, which is made and held open, and the names in it.
///
/// No part of the path is followed through a symbolic link, so nothing is ever written outside of the folder.
final class FilePlace: Sendable {
    let folder: String
    let path: String
    let name: String
    var partialName: String { name + Self.partialSuffix }
    var journalName: String { partialName + ".json" }
    private var newJournalName: String { journalName + ".new" }
    /// The folder that the file itself is in.
    let descriptor: Int32

    static let partialSuffix = ".partial"

    /// Why a path may not be used, as the end of a sentence; nil where it may.
    static func problem(_ path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.isEmpty { return "it is empty" }
        if path.utf8.count > 1024 { return "it is longer than 1024 bytes" }
        if path.hasPrefix("/") { return "it begins with /" }
        if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) { return "it has an empty part, . or .." }
        if path.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            return "it has a control character"
        }
        let endings = ["", ".json", ".json.new"].map { partialSuffix + $0 }
        if endings.contains(where: path.hasSuffix) { return "names with \(partialSuffix) are for files on their way" }
        return nil
    }

    /// - Parameters:
    ///   - folder: one that exists.
    ///   - path: one without a ``problem(_:)``.
    init(_ folder: String, _ path: String) throws(FileTrouble) {
        self.folder = folder
        self.path = path
        let parts = path.split(separator: "/").map(String.init)
        name = parts.last ?? ""
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var current = Glibc.open(folder, flags)
        guard current >= 0 else { throw FileTrouble("open the folder", folder) }
        for part in parts.dropLast() {
            // Made by another meanwhile is as good.
            _ = mkdirat(current, part, 0o755)
            let next = openat(current, part, flags | O_NOFOLLOW)
            let trouble = FileTrouble("open the folder", "\(folder)/\(path)")
            close(current)
            guard next >= 0 else { throw trouble }
            current = next
        }
        descriptor = current
    }

    deinit { close(descriptor) }

    /// The size of the file under its own name; nil where there is none, or something that is no file.
    var finalSize: Int64? { size(of: name) }

    private func size(of name: String) -> Int64? {
        var information = stat()
        guard fstatat(descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0,
            information.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return Int64(information.st_size)
    }

    func openFinal() throws(FileTrouble) -> FileBytes {
        try open(name, O_RDONLY)
    }

    func openPartial() throws(FileTrouble) -> FileBytes {
        try open(partialName, O_RDWR | O_CREAT)
    }

    private func open(_ name: String, _ flags: Int32) throws(FileTrouble) -> FileBytes {
        let file = openat(descriptor, name, flags | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw FileTrouble("open", "\(folder)/\(path)") }
        return FileBytes(file, path: "\(folder)/\(path)")
    }

    /// Gives the partial file its own name. What had it is gone then.
    func place() throws(FileTrouble) {
        guard renameat(descriptor, partialName, descriptor, name) == 0 else {
            throw FileTrouble("rename", "\(folder)/\(path)")
        }
        // After the file, never before: without its journal a partial file is begun again.
        removeJournal()
    }

    func removeFinal() { unlinkat(descriptor, name, 0) }

    /// The journal first: one without its file is noticed, one beside another file might not be.
    func removePartial() {
        removeJournal()
        unlinkat(descriptor, partialName, 0)
    }

    func removeJournal() {
        unlinkat(descriptor, journalName, 0)
        unlinkat(descriptor, newJournalName, 0)
    }

    // MARK: - The journal's bytes

    /// - Returns: nil where there is none that can be read, or it is larger than any of ours.
    func readJournal() -> [UInt8]? {
        guard let size = size(of: journalName), size > 0, size <= 4 << 20,
            let file = try? open(journalName, O_RDONLY)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = bytes.withUnsafeMutableBytes { file.read(at: 0, into: $0) }
        return count == Int(size) ? bytes : nil
    }

    /// In one step for all who read it. Without a sync: what it says holds for bytes that are synced already, and an older
    /// one, or none, only costs fetching again.
    func writeJournal(_ bytes: [UInt8]) throws(FileTrouble) {
        let new = newJournalName
        let file = openat(descriptor, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw FileTrouble("write", "\(folder)/\(path).partial.json") }
        let written = write(file, bytes, bytes.count)
        close(file)
        guard written == bytes.count, renameat(descriptor, new, descriptor, journalName) == 0 else {
            let trouble = FileTrouble("write", "\(folder)/\(path).partial.json")
            unlinkat(descriptor, new, 0)
            throw trouble
        }
    }
}

import Readable
import TOML

extension ModelManifest {
    /// Reads a manifest.
    ///
    /// - Parameter file: what problems call it.
    /// - Throws: the first thing that is wrong, in the order of the text.
    package init(toml: String, file: String) throws(ManifestProblem) {
        var reader = ManifestReader(toml, file: file)
        // Of half a text half of what it says would be missed.
        if let problem = reader.firstProblem { throw problem }
        self = reader.read()
        if let problem = reader.firstProblem { throw problem }
    }
}

/// Takes a manifest out of TOML. Goes on after a mistake, so that the first in the text can be told.
struct ManifestReader {
    private static let keys = [
        "name", "aliases", "folder", "repository", "revision", "archive", "required", "ignore", "files",
    ]
    private static let fileKeys = ["path", "size", "sha256"]
    /// Of files, patterns and aliases: more is no model but an attempt to be slow.
    private static let most = 20_000

    private let file: String
    private let document: TOMLDocument
    private var problems: [(offset: Int, message: String)] = []

    init(_ text: String, file: String) {
        self.file = file
        document = TOMLDocument(text)
        problems = document.mistakes.map { ($0.place.lowerBound, $0.message) }
    }

    var firstProblem: ManifestProblem? {
        guard let first = problems.min(by: { $0.offset < $1.offset }) else { return nil }
        let position = document.lines.position(of: first.offset)
        return ManifestProblem(file: file, line: position.line, column: position.column, message: first.message)
    }

    mutating func read() -> ModelManifest {
        let root = document.root
        check(root, at: "", known: Self.keys)
        var manifest = ModelManifest(name: "", folder: "")
        manifest.name = name(root)
        manifest.aliases = texts(root, "aliases")
        manifest.folder = folder(root)
        manifest.repository = text(root, "repository")
        if let repository = manifest.repository, !Self.isRepository(repository) {
            complain("repository", "`repository` is \"owner/name\" at the Hugging Face hub")
        }
        manifest.revision = text(root, "revision") ?? "main"
        // It becomes a part of a URL.
        if !Self.isRevision(manifest.revision) {
            complain("revision", "`revision` is a commit of 40 digits, or the name of a branch or a tag")
        }
        manifest.archive = text(root, "archive")
        if let archive = manifest.archive, !Self.isURL(archive) {
            complain(
                "archive", "`archive` is an https:// URL without a user and a password (http:// only on this machine)")
        }
        manifest.required = patterns(root, "required")
        manifest.ignore = patterns(root, "ignore")
        manifest.files = files(root)
        if manifest.files.isEmpty, manifest.required.isEmpty, problems.isEmpty {
            complain("", "it names no file at all: [[files]] or `required` says what a whole model consists of")
        }
        return manifest
    }

    // MARK: Parts

    private mutating func name(_ root: [String: TOMLValue]) -> String {
        guard let name = text(root, "name") else {
            if root["name"] == nil { complain("", "`name` is missing: what engines call the model") }
            return ""
        }
        if let problem = ModelPath.problem(name) { complain("name", problem) }
        return name
    }

    private mutating func folder(_ root: [String: TOMLValue]) -> String {
        guard let folder = text(root, "folder") else {
            if root["folder"] == nil { complain("", "`folder` is missing: the name under which PaddleX looks for it") }
            return ""
        }
        if let problem = ModelPath.problem(ofFolder: folder) { complain("folder", problem) }
        return folder
    }

    private mutating func files(_ root: [String: TOMLValue]) -> [ModelFile] {
        guard let value = root["files"] else { return [] }
        guard case .list(let items) = value else {
            complain("files", "`files` must be tables [[files]], not \(value.kind)")
            return []
        }
        guard items.count <= Self.most else {
            complain("files", "there are \(items.count) files: a model has no more than \(Self.most)")
            return []
        }
        var files: [ModelFile] = []
        var seen: Set<String> = []
        for (index, item) in items.enumerated() {
            let place = "files[\(index)]"
            guard case .table(let table) = item else {
                complain(place, "`files` must be tables [[files]], and here is \(item.kind)")
                continue
            }
            check(table, at: place, known: Self.fileKeys)
            guard let path = text(table, "path", at: place) else {
                if table["path"] == nil { complain(place, "a file without `path`") }
                continue
            }
            if let problem = ModelPath.problem(path) { complain("\(place).path", problem) }
            if !seen.insert(path).inserted {
                complain("\(place).path", "`\(PlainText.short(path))` stands here a second time")
            }
            let file = ModelFile(path: path, size: size(table, at: place), sha256: digest(table, at: place))
            files.append(file)
        }
        // `a` and `a/b` cannot both be files.
        for (index, file) in files.enumerated() {
            var path = file.path[...]
            while let slash = path.lastIndex(of: "/") {
                path = path[..<slash]
                guard seen.contains(String(path)) else { continue }
                complain("files[\(index)].path", "`\(PlainText.short(String(path)))` is a file and a folder, too")
                break
            }
        }
        return files
    }

    private mutating func size(_ table: [String: TOMLValue], at place: String) -> Int64? {
        guard let value = table["size"] else { return nil }
        if case .integer(let size) = value, size > 0 { return Int64(size) }
        complain("\(place).size", "`size` must be a number of bytes above 0: leave it out where it is not known")
        return nil
    }

    private mutating func digest(_ table: [String: TOMLValue], at place: String) -> String? {
        guard let digest = text(table, "sha256", at: place) else { return nil }
        if Hexadecimal.isDigest(digest) { return digest }
        complain(
            "\(place).sha256",
            "`sha256` must be 64 hexadecimal digits in lower case: leave it out where it is not known")
        return nil
    }

    private mutating func patterns(_ root: [String: TOMLValue], _ key: String) -> [String] {
        let patterns = texts(root, key)
        for (index, pattern) in patterns.enumerated() {
            if let problem = ModelPath.problem(pattern) { complain("\(key)[\(index)]", problem) }
        }
        return patterns
    }

    // MARK: Values

    private mutating func text(_ table: [String: TOMLValue], _ key: String, at place: String = "") -> String? {
        guard let value = table[key] else { return nil }
        let path = TOMLPath.join(place, key)
        guard case .text(let text) = value else {
            complain(path, "`\(key)` must be a string, not \(value.kind)")
            return nil
        }
        if text.isEmpty { complain(path, "`\(key)` is empty") }
        return text.isEmpty ? nil : text
    }

    private mutating func texts(_ table: [String: TOMLValue], _ key: String) -> [String] {
        guard let value = table[key] else { return [] }
        guard case .list(let items) = value, items.count <= Self.most else {
            complain(key, "`\(key)` must be a list of at most \(Self.most) strings")
            return []
        }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            if case .text(let text) = item, !text.isEmpty, text.utf8.count <= ModelPath.longest {
                texts.append(text)
            } else {
                complain("\(key)[\(index)]", "`\(key)` must be a list of strings that are not empty")
            }
        }
        return texts
    }

    private mutating func check(_ table: [String: TOMLValue], at place: String, known: [String]) {
        for key in table.keys.sorted() where !known.contains(key) {
            let hint = NearestWord.hint(key, among: known)
            complain(TOMLPath.join(place, key), "unknown key `\(PlainText.short(key))`; \(hint)", atKey: true)
        }
    }

    private mutating func complain(_ path: String, _ message: String, atKey: Bool = false) {
        guard problems.count < 100 else { return }
        var path = path[...]
        while true {
            if let place = document.places[String(path)] {
                problems.append(((atKey ? place.key : place.value).lowerBound, message))
                return
            }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<end]
        }
        problems.append((0, message))
    }

    // MARK: Names

    private static func isRepository(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == 2 && text.utf8.count <= 200
            && parts.allSatisfy { part in
                !part.isEmpty && part.first != UInt8(ascii: ".")
                    && part.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") }
            }
    }

    private static func isRevision(_ text: String) -> Bool {
        text.utf8.count <= 200 && text.utf8.first != UInt8(ascii: "-") && ModelPath.problem(text) == nil
            && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
    }

    private static func isURL(_ text: String) -> Bool {
        guard text.utf8.count <= 2048, !text.utf8.contains(UInt8(ascii: "@")),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return false }
        if text.hasPrefix("https://") { return text.utf8.count > 8 }
        // On this machine nobody listens in.
        guard text.hasPrefix("http://") else { return false }
        let host = text.dropFirst(7).prefix { $0 != "/" }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        let isLoopback =
            name.hasPrefix("127.") && name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        return name == "localhost" || name == "[::1]" || isLoopback
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

import TOML

extension ModelManifest {
    /// The manifest as a file, which ``init(toml:file:)`` reads to the same value.
    package var toml: String {
        var lines = ["name = \(TOMLText.string(name))"]
        if !aliases.isEmpty { lines.append("aliases = \(TOMLText.list(aliases))") }
        lines.append("folder = \(TOMLText.string(folder))")
        if let repository { lines.append("repository = \(TOMLText.string(repository))") }
        lines.append("revision = \(TOMLText.string(revision))")
        if let archive { lines.append("archive = \(TOMLText.string(archive))") }
        if !required.isEmpty { lines.append("required = \(TOMLText.list(required))") }
        if !ignore.isEmpty { lines.append("ignore = \(TOMLText.list(ignore))") }
        for file in files {
            lines += ["", "[[files]]", "path = \(TOMLText.string(file.path))"]
            if let size = file.size { lines.append("size = \(size)") }
            if let sha256 = file.sha256 { lines.append("sha256 = \(TOMLText.string(sha256))") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Changes with what a folder must hold, and with nothing else: by it a stamp knows whose it is.
    ///
    /// FNV-1a of 64 bits: it tells a manifest from an older one of the same author, and guards against nobody.
    package var fingerprint: String {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 + [0] { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        for text in [folder, repository ?? "", revision] { add(text) }
        for pattern in required.sorted() { add(pattern) }
        for file in files.sorted(by: { $0.path < $1.path }) {
            add(file.path)
            add(file.size.map(String.init) ?? "")
            add(file.sha256 ?? "")
        }
        let text = String(state, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

import CFontconfig

/// Files that drawing needs after the start: fonts that documents name and do not bring along, and the tables by which text in
/// Chinese, Japanese and Korean is matched to them.
///
/// No libraries: all that are needed are loaded before (`CoxswainRender` sees to one that is otherwise loaded late). No time
/// zones, users or host names either.
struct SandboxPaths {
    /// Where Debian has them, whatever fontconfig says.
    private var paths = [
        "/etc/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts",
        // poppler-data: encodings and character collections.
        "/usr/share/poppler",
    ]

    /// Asks fontconfig, before the sandbox, and so before anything that comes from a document.
    static func find() -> [String] {
        var found = SandboxPaths()
        withUnsafeMutablePointer(to: &found) { pointer in
            _ = cfont_paths(
                { path, context in
                    guard let path else { return }
                    context?.assumingMemoryBound(to: SandboxPaths.self).pointee.add(String(cString: path))
                }, pointer)
        }
        return found.paths
    }

    private mutating func add(_ path: String) {
        // A configuration that names the whole file system would leave nothing to keep out.
        guard path.hasPrefix("/"), path != "/", !paths.contains(where: { path == $0 || path.hasPrefix($0 + "/") })
        else {
            return
        }
        paths.append(path)
    }
}

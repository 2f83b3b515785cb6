import Readable

/// What may name a file of a model. Paths come from hosters, archives and other people's manifests: each is checked before
/// anything is opened by it.
package enum ModelPath {
    /// In bytes, as the kernel counts them (`PATH_MAX` with room for the root).
    static let longest = 1024
    /// In bytes: `NAME_MAX`, with room for what a download appends while it runs.
    static let longestComponent = 200
    static let deepest = 16

    /// Why a path is not used; nil where nothing is wrong with it.
    ///
    /// A good one is relative, and names a file below its folder in one way only: no `.`, `..`, empty component or trailing
    /// slash. It holds no control or format characters, which would make a log lie, and no backslash, which somebody else's
    /// program might take for a slash.
    package static func problem(_ path: String) -> String? {
        let bytes = path.utf8
        if bytes.isEmpty { return "the path is empty" }
        if bytes.count > longest { return "the path has \(bytes.count) bytes, more than \(longest)" }
        if bytes.first == UInt8(ascii: "/") { return "`\(PlainText.short(path))` is absolute" }
        if bytes.contains(UInt8(ascii: "\\")) { return "`\(PlainText.short(path))` holds a backslash" }
        if path.unicodeScalars.contains(where: isUnprintable) {
            return "`\(PlainText.short(path))` holds control characters"
        }
        // By bytes: a combining mark behind a slash makes one character of both.
        let components = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if components.count > deepest { return "`\(PlainText.short(path))` is more than \(deepest) folders deep" }
        for component in components {
            let name = String(Substring(component))
            if let problem = problem(ofComponent: name) { return "`\(PlainText.short(path))` \(problem)" }
        }
        return nil
    }

    /// Why something is no name of a model's folder.
    package static func problem(ofFolder name: String) -> String? {
        if let problem = problem(name) { return problem }
        if name.utf8.contains(UInt8(ascii: "/")) { return "`\(PlainText.short(name))` is a path and not one name" }
        // Ours, hidden ones, and options.
        if name.utf8.first == UInt8(ascii: ".") { return "`\(PlainText.short(name))` begins with a dot" }
        if name.utf8.first == UInt8(ascii: "-") { return "`\(PlainText.short(name))` begins with a dash" }
        return nil
    }

    private static func problem(ofComponent name: String) -> String? {
        switch name {
        case "": return "has an empty component"
        case ".", "..": return "has the component `\(name)`"
        default: break
        }
        if name.utf8.count > longestComponent { return "has a component of more than \(longestComponent) bytes" }
        let lower = name.lowercased()
        // A stamp that a hoster sends would make its own files count as checked.
        if lower.hasPrefix(".coxswain-") { return "has a name that is kept for coxswain's own files" }
        if lower.contains(".partial") { return "has .partial in it, which is kept for downloads under way" }
        return nil
    }

    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // U+FFFD among them: it stands for bytes that were no UTF-8, and two such names would be one.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: scalar == "\u{FFFD}"
        }
    }
}

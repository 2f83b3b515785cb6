/// A file name's stem that is safe to build an output file's name from.
package struct SafeStem: Sendable, Equatable {
    /// Never empty, at most ``maximumBytes`` of UTF-8, no separator, no control character, no leading dot.
    package let text: String

    /// With a time stamp before it and a counter and an extension after it, the name stays below the 255 bytes that
    /// file systems allow.
    package static let maximumBytes = 200

    /// What is used when nothing is left of the client's name.
    package static let fallback = "document"

    /// - Parameter fileName: as the client sent it; it may be a path of any system, hostile, or nil.
    package init(fileName: String?) {
        let last = (fileName ?? "").unicodeScalars.split(omittingEmptySubsequences: true) { $0 == "/" || $0 == "\\" }
            .last
        var name = String.UnicodeScalarView()
        for scalar in last ?? Substring().unicodeScalars {
            name.append(Self.isHarmless(scalar) ? scalar : "_")
        }
        var stem = Self.withoutExtension(name)
        while let first = stem.first, first == "." || first == " " { stem.removeFirst() }
        stem = Self.cut(stem)
        while let end = stem.last, end == "." || end == " " { stem.removeLast() }
        text = stem.isEmpty ? Self.fallback : String(stem)
    }

    private static func withoutExtension(_ name: String.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let whole = name[...]
        let visible = whole.drop { $0 == "." }
        guard let dot = visible.lastIndex(of: "."), dot > visible.startIndex else { return visible }
        return visible[..<dot]
    }

    /// Cuts between scalars, so that the rest is still valid UTF-8.
    private static func cut(_ stem: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var bytes = 0
        for index in stem.indices {
            bytes += UTF8.width(stem[index])
            if bytes > maximumBytes { return stem[..<index] }
        }
        return stem
    }

    /// False for what can break a terminal, a log line or a listing: control and format characters (among them those
    /// that turn the direction of writing), line and paragraph separators, and unassigned or private code points.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: !"<>:\"|?*".unicodeScalars.contains(scalar)
        }
    }
}

import Foundation

/// Parts of the documentation that come from the code: what stands between `<!-- NAME -->` and the next `<!-- end -->`.
package enum GeneratedText {
    /// With this variable set, tests write such parts before they look at them.
    package static let variable = "COXSWAIN_WRITE_DOCUMENTATION"
    package static let hint: String =
        "\(variable)=1 swift test -c release --skip-build --filter DocumentationTests writes it"

    package struct Missing: Error, CustomStringConvertible {
        package var description: String
    }

    /// Whether a part is that text.
    ///
    /// - Parameter file: below the repository's folder.
    package static func isInPlace(_ text: String, in file: String, at name: String) throws -> Bool {
        let whole = try RepositoryFile.text(file)
        guard let begin = whole.range(of: "<!-- \(name) -->\n"),
            let end = whole.range(of: "<!-- end -->", range: begin.upperBound..<whole.endIndex)
        else { throw Missing(description: "\(file) has no part between <!-- \(name) --> and <!-- end -->") }
        let new = text.hasSuffix("\n") ? text : text + "\n"
        if ProcessInfo.processInfo.environment[variable] != nil {
            // The same file, where it is a link.
            let path = URL(fileURLWithPath: RepositoryFile.path(file)).resolvingSymlinksInPath().path
            try whole.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: new)
                .write(toFile: path, atomically: false, encoding: .utf8)
            return true
        }
        return whole[begin.upperBound..<end.lowerBound] == new
    }
}

/// All keys that are valid at one moment. No two have the same label or the same key.
package struct KeyRing: Sendable, Equatable {
    package private(set) var keys: [APIKey] = []

    /// Each request is compared with all of them.
    package static let maximumCount = 1000

    package init() {}

    /// The one with that digest. All are looked through whether one matches or not, so that the time says neither which
    /// one it was nor how far the search came.
    ///
    /// - Parameter matches: whether two digests are the same.
    package func key(
        _ digest: KeyDigest, matches: (KeyDigest, KeyDigest) -> Bool = { $0.matches($1) }
    ) -> APIKey? {
        var found: Int?
        for index in keys.indices {
            let isIt = matches(keys[index].digest, digest)
            found = isIt ? index : found
        }
        return found.map { keys[$0] }
    }

    /// Adds the keys of a file.
    ///
    /// - Parameter name: the file's, for errors.
    package mutating func add(file bytes: [UInt8], name: String) throws(KeyProblem) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw KeyProblem(name, "it is no UTF-8 text") }
        guard !bytes.contains(0) else { throw KeyProblem(name, "it has a NUL in it") }
        // Scalars: to Swift, a line's end as Windows writes it is one character.
        let start = text.unicodeScalars.first == "\u{FEFF}" ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...]
        for (index, line) in start.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            do throws(KeyText.Reason) {
                if let key = try KeyText.line(Substring(line)) { try add(key) }
            } catch {
                throw KeyProblem(name, line: index + 1, error.text)
            }
        }
    }

    /// Adds `label:key,label:key`, as an environment variable has it.
    package mutating func add(list text: String, name: String) throws(KeyProblem) {
        for (index, entry) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            let parts = entry.trimmed.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            do throws(KeyText.Reason) {
                guard parts.count == 2 else { throw KeyText.Reason(text: "it must be LABEL:KEY") }
                try add(try KeyText.key(label: parts[0], secret: parts[1]))
            } catch {
                throw KeyProblem(name, entry: index + 1, error.text)
            }
        }
    }

    /// Adds one key without a label of its own.
    package mutating func add(single text: String, name: String) throws(KeyProblem) {
        do throws(KeyText.Reason) {
            try add(try KeyText.key(label: Substring(Self.singleLabel), secret: Substring(text).trimmed))
        } catch {
            throw KeyProblem(name, error.text)
        }
    }

    /// The label of a key that was given without one.
    package static let singleLabel = "default"

    private mutating func add(_ key: APIKey) throws(KeyText.Reason) {
        guard keys.count < Self.maximumCount else {
            throw KeyText.Reason(text: "there are more than \(Self.maximumCount) keys")
        }
        for other in keys {
            guard other.label != key.label else {
                throw KeyText.Reason(text: "its label was given to another key before")
            }
            guard other.digest != key.digest else { throw KeyText.Reason(text: "its key was given before") }
        }
        keys.append(key)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

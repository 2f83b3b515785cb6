/// Paths of keys, as ``TOMLDocument/places`` has them.
package enum TOMLPath {
    package static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// Where keys come from. Nothing that shows it shows a key.
package struct KeySources: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// A path.
    package var file: String?
    /// `label:key,label:key`.
    package var list: String?
    package var single: String?

    package static let fileVariable = "COXSWAIN_API_KEYS_FILE"
    package static let listVariable = "COXSWAIN_API_KEYS"
    package static let singleVariable = "COXSWAIN_API_KEY"

    package init(file: String? = nil, list: String? = nil, single: String? = nil) {
        self.file = file
        self.list = list
        self.single = single
    }

    /// - Parameter environment: the process's variables; an empty one counts as not set.
    package init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.init(
            file: value(Self.fileVariable), list: value(Self.listVariable), single: value(Self.singleVariable))
    }

    /// Nobody has to have a key.
    package var isEmpty: Bool { file == nil && list == nil && single == nil }

    package var description: String {
        let names = [(file, Self.fileVariable), (list, Self.listVariable), (single, Self.singleVariable)]
        return names.filter { $0.0 != nil }.map(\.1).joined(separator: ", ")
    }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// - Parameter contents: of the file, where there is one.
    func ring(file contents: [UInt8]?) throws(KeyProblem) -> KeyRing {
        var ring = KeyRing()
        if let file, let contents { try ring.add(file: contents, name: file) }
        if let list { try ring.add(list: list, name: Self.listVariable) }
        if let single { try ring.add(single: single, name: Self.singleVariable) }
        return ring
    }
}

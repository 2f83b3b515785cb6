/// `/docs` as plain text, for terminals.
package enum HelpText {
    /// - Parameter server: of the examples.
    package static func text(server: String = APIDocument.standardServer) -> String {
        var lines: [String] = []
        for group in Operation.Group.allCases {
            for operation in APIDocument.operations where operation.group == group {
                lines += self.lines(of: operation, server)
            }
        }
        lines += ["Form fields, also as a JSON object with `url`:"]
        lines += fields(Words.fields(of: Schemas.form).map { ($0.name, $0.schema["description"]?.text ?? "") })
        lines +=
            ["", "Errors, not each everywhere:"] + fields(errors.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 })
        lines +=
            [""] + APIDocument.introduction.split(separator: "\n").flatMap { wrapped(String($0), indent: 0) + [""] }
        lines += ["For programs: \(server)/openapi.json. A page to read: \(server)/docs in a browser."]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of operation: Operation, _ server: String) -> [String] {
        var lines = ["\(operation.method) \(operation.path)"]
        lines += wrapped(operation.summary + ".", indent: 4)
        if operation.body != nil { lines += ["    Body: form fields, see below."] }
        let options = operation.body == nil ? [] : Words.fields(of: Schemas.form).map(\.name)
        lines += fields(
            operation.parameters.filter { $0.place != .path && !options.contains($0.name) }.map { parameter in
                (parameter.place == .query ? "?\(parameter.name)" : "\(parameter.name):", parameter.text)
            })
        lines += fields(operation.answers.filter { $0.status < 400 }.map { (String($0.status), $0.text) })
        lines += operation.examples.map { "    $ " + $0.line(at: server) }
        return lines + [""]
    }

    /// By their statuses. What takes documents comes first: it says most.
    private static var errors: [String: String] {
        let answers = APIDocument.operations.flatMap(\.answers).filter { $0.status >= 400 }
        return Dictionary(answers.map { (String($0.status), $0.text) }, uniquingKeysWith: { first, _ in first })
    }

    private static func fields(_ fields: [(name: String, text: String)]) -> [String] {
        fields.flatMap { field in
            let name = "    " + field.name + String(repeating: " ", count: max(1, 18 - field.name.count))
            var lines = wrapped(field.text, indent: 22)
            if let first = lines.first { lines[0] = name + first.dropFirst(22) }
            return lines
        }
    }

    /// Lines of at most 120 columns.
    private static func wrapped(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + word.count >= 120 {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [margin + line]
    }
}

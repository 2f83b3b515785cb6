/// The endpoints in Markdown, as docs/reference/endpoints.md shows them; a test holds that page to this.
package enum ReferenceText {
    /// - Parameters:
    ///   - group: whose operations.
    ///   - runner: what the fences of command lines say of who runs them.
    package static func endpoints(_ group: Operation.Group, runner: String) -> String {
        let operations = APIDocument.operations.filter { $0.group == group }
        return group.text + "\n\n" + operations.map { section($0, runner) }.joined(separator: "\n")
    }

    /// What bodies and answers hold: each schema that has a name.
    package static var schemas: String {
        Schemas.all.members.map(schema).joined(separator: "\n")
    }

    private static func section(_ operation: Operation, _ runner: String) -> String {
        var text = "### \(operation.method) \(operation.path)\n\n\(operation.summary).\n"
        if !operation.text.isEmpty { text += "\n\(operation.text)\n" }
        if operation.isOpen { text += "\nNeeds no key.\n" }
        if !operation.examples.isEmpty {
            let lines = operation.examples.map { example in
                "# \(example.title)\n\(example.line(at: APIDocument.standardServer))\n"
            }
            text += "\n```sh run: \(runner)\n\(lines.joined())```\n"
        }
        let parameters = operation.parameters.map { parameter in
            ["`\(parameter.name)`", parameter.place.rawValue, words(parameter.schema), parameter.text]
        }
        if !parameters.isEmpty { text += "\n" + table(["parameter", "in", "value", "meaning"], parameters) }
        if let body = operation.body, let form = body.forms.first.flatMap({ Words.name(of: $0.schema) }) {
            let types = body.forms.map { "`\($0.mediaType)`" }.joined(separator: ", ")
            text += "\nBody: \(body.text) As \(types); its fields are those of \(link(form)).\n"
        }
        let answers = operation.answers.map { answer in
            let headers = answer.headers.map { "`\($0.filter { $0 != "?" })`" }.joined(separator: ", ")
            return [
                String(answer.status), answer.text + (headers.isEmpty ? "" : " With \(headers)."),
                contents(of: answer),
            ]
        }
        return text + "\n" + table(["status", "answer", "content"], answers)
    }

    private static func contents(of answer: Answer) -> String {
        answer.contents.map { content in
            let name = content.schema.flatMap { schema in
                schema["$ref"] == nil && schema["anyOf"] == nil ? nil : words(schema)
            }
            return "`\(content.mediaType)`" + (name.map { ": \($0)" } ?? "")
        }.joined(separator: ", ")
    }

    private static func schema(_ member: JSON.Member) -> String {
        var text = "### \(member.name)\n"
        if let description = member.value["description"]?.text { text += "\n\(description)\n" }
        if member.value["enum"] != nil { text += "\n\(words(member.value)).\n" }
        let fields = Words.fields(of: member.value).map { field in
            [
                "`\(field.name)`", words(field.schema), field.isRequired ? "yes" : "",
                field.schema["description"]?.text ?? "",
            ]
        }
        return fields.isEmpty ? text : text + "\n" + table(["field", "value", "always", "meaning"], fields)
    }

    private static func words(_ schema: JSON) -> String {
        Words.of(schema).map { part in part.schema.map(link) ?? part.text }.joined()
    }

    private static func link(_ schema: String) -> String { "[\(schema)](#\(schema.lowercased()))" }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows).map { cells in
            "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }.joined()
    }
}

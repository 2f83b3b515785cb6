import Digests

/// `/docs` for browsers: one file without any script, font or picture.
package enum HelpPage {
    /// What the browser may do with the page: show it, with this one style.
    package static let policy: String = {
        let digest = Digest()
        style.utf8.withContiguousStorageIfAvailable { digest.update(UnsafeRawBufferPointer($0)) }
        // A library without SHA-256 costs the page its colours.
        let hash = digest.finish().map { "'sha256-\(base64(ofHexadecimal: $0))'" } ?? "'none'"
        return "default-src 'none'; style-src \(hash); base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }()

    /// - Parameters:
    ///   - version: of this package.
    ///   - server: of the examples.
    package static func page(version: String, server: String = APIDocument.standardServer) -> String {
        let groups = Operation.Group.allCases.map { group in
            let operations = APIDocument.operations.filter { $0.group == group }
            return "<h2>\(group.rawValue)</h2>\n<p>\(inline(group.text))</p>\n"
                + operations.map { section($0, server) }.joined()
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>coxswain \(escaped(version)): API</title>
            <style>\(style)</style>
            </head>
            <body>
            <header>
            <h1>coxswain <small>\(escaped(version))</small></h1>
            <p>Reads PDF documents and pictures and answers with Markdown.
            For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
            </header>
            <nav>\(contents)</nav>
            <main>
            \(paragraphs(APIDocument.introduction))
            \(groups.joined())
            \(webhook)
            <h2>Schemas</h2>
            \(Schemas.all.members.map(schema).joined())
            </main>
            </body>
            </html>

            """
    }

    private static var contents: String {
        Operation.Group.allCases.map { group in
            let lines = APIDocument.operations.filter { $0.group == group }.map { operation in
                "<li><a href=\"#\(operation.name)\">\(badge(operation.method)) <code>\(escaped(operation.path))</code></a>"
                    + "<span>\(inline(operation.summary))</span></li>\n"
            }
            return "<h2>\(group.rawValue)</h2>\n<ul>\n\(lines.joined())</ul>\n"
        }.joined()
    }

    private static func section(_ operation: Operation, _ server: String) -> String {
        var text =
            "<section id=\"\(operation.name)\">\n<h3>\(badge(operation.method)) <code>\(escaped(operation.path))</code></h3>\n"
        text += "<p>\(inline(operation.summary)).</p>\n" + paragraphs(operation.text)
        for example in operation.examples {
            text += "<figure><figcaption>\(inline(example.title))</figcaption>"
            text += "<pre><code>\(escaped(example.line(at: server)))</code></pre></figure>\n"
        }
        if !operation.parameters.isEmpty {
            text += table(
                ["Parameter", "In", "Type", "Meaning"],
                operation.parameters.map { parameter in
                    [
                        "<code>\(escaped(parameter.name))</code>", parameter.place.rawValue, words(parameter.schema),
                        inline(parameter.text),
                    ]
                })
        }
        if let body = operation.body, let form = body.forms.first.flatMap({ Words.name(of: $0.schema) }) {
            let types = body.forms.map { "<code>\(escaped($0.mediaType))</code>" }.joined(separator: ", ")
            text +=
                "<h4>Body</h4>\n<p>\(inline(body.text)) As \(types).</p>\n"
                + fields(of: Schemas.all[form] ?? [:], isRequest: true)
        }
        text += table(
            ["Status", "Answer", "Content"],
            operation.answers.map { answer in
                let headers = answer.headers.map { "<code>\(escaped($0.filter { $0 != "?" }))</code>" }
                return [
                    "<b>\(answer.status)</b>",
                    inline(answer.text) + (headers.isEmpty ? "" : " With \(headers.joined(separator: ", ")).\n"),
                    answer.contents.map { content in
                        let name = content.schema.flatMap { $0["$ref"] == nil && $0["anyOf"] == nil ? nil : words($0) }
                        return "<code>\(escaped(content.mediaType))</code>" + (name.map { ": \($0)" } ?? "")
                    }.joined(separator: "<br>"),
                ]
            })
        return text + "</section>\n"
    }

    private static var webhook: String {
        """
        <h2>Webhook</h2>
        <section id="webhook">
        <h3>\(badge("POST")) <code>the URL given as webhook</code></h3>
        \(paragraphs(APIDocument.webhookText))
        <p>Its body is \(words(Schemas.reference("JobEnded"))). Any status from 200 to 299 says that it has arrived.</p>
        </section>

        """
    }

    private static func schema(_ member: JSON.Member) -> String {
        let text = member.value["description"]?.text.map { "<p>\(inline($0))</p>\n" } ?? ""
        let choices = member.value["enum"].map { _ in "<p>\(words(member.value))</p>\n" } ?? ""
        return "<section id=\"schema-\(member.name)\">\n<h3><code>\(member.name)</code></h3>\n\(text)\(choices)"
            + fields(of: member.value) + "</section>\n"
    }

    private static func fields(of schema: JSON, isRequest: Bool = false) -> String {
        let fields = Words.fields(of: schema)
        guard !fields.isEmpty else { return "" }
        return table(
            ["Field", "Type", "Meaning"],
            fields.map { field in
                let mark = isRequest || field.isRequired ? "" : " <i>optional</i>"
                return [
                    "<code>\(escaped(field.name))</code>\(mark)", words(field.schema),
                    inline(field.schema["description"]?.text ?? ""),
                ]
            })
    }
}

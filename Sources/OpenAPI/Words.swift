/// How a schema reads in a table.
enum Words {
    /// A part of it, perhaps with a link to a schema of that name.
    struct Part: Equatable {
        var text: String
        var schema: String?
    }

    static func of(_ schema: JSON) -> [Part] {
        if let name = name(of: schema) { return [Part(text: name, schema: name)] }
        if let constant = schema["const"] { return [Part(text: constant.line())] }
        if let choices = schema["enum"]?.elements {
            return [Part(text: choices.compactMap(\.text).joined(separator: ", "))]
        }
        for key in ["anyOf", "oneOf"] {
            if let choices = schema[key]?.elements {
                return Array(choices.map(of).joined(separator: [Part(text: " or ")]))
            }
        }
        if let items = schema["items"] { return [Part(text: "array of ")] + of(items) }
        let types = schema["type"].map { $0.text.map { [$0] } ?? $0.elements.compactMap(\.text) } ?? []
        return [Part(text: types.joined(separator: " or ") + limits(of: schema))]
    }

    /// The name of a schema that has one.
    static func name(of schema: JSON) -> String? {
        schema["$ref"]?.text?.split(separator: "/").last.map(String.init)
    }

    private static func limits(of schema: JSON) -> String {
        switch (schema["minimum"], schema["maximum"]) {
        case (let low?, let high?): ", \(low.line()) to \(high.line())"
        case (let low?, nil) where low != 0: ", from \(low.line())"
        default: schema["format"]?.text == "binary" ? ", a file" : ""
        }
    }

    /// The fields of an object: name, schema, and whether it is always there.
    static func fields(of schema: JSON) -> [(name: String, schema: JSON, isRequired: Bool)] {
        let required = Set(schema["required"]?.elements.compactMap(\.text) ?? [])
        return (schema["properties"]?.members ?? []).map { ($0.name, $0.value, required.contains($0.name)) }
    }
}

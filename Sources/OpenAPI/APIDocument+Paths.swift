extension APIDocument {
    /// Paths in order, with their methods.
    static var paths: JSON {
        var all: [JSON.Member] = []
        for operation in operations {
            let methods = operation.methods.map { method in
                JSON.Member(name: method.lowercased(), value: object(operation, isHead: method == "HEAD"))
            }
            if let index = all.firstIndex(where: { $0.name == operation.path }) {
                all[index].value = all[index].value.adding(.object(methods))
            } else {
                all.append(JSON.Member(name: operation.path, value: .object(methods)))
            }
        }
        return .object(all)
    }

    private static func object(_ operation: Operation, isHead: Bool) -> JSON {
        var name = operation.name
        if isHead { name += "Head" }
        var object: JSON = [
            "operationId": .string(name), "tags": [.string(operation.group.rawValue)],
            "summary": .string(isHead ? "The header of GET" : operation.summary),
        ]
        if !operation.text.isEmpty, !isHead { object = object.adding(["description": .string(operation.text)]) }
        if operation.isOpen { object = object.adding(["security": []]) }
        if !operation.parameters.isEmpty {
            object = object.adding(["parameters": .array(operation.parameters.map(self.object))])
        }
        if let body = operation.body { object = object.adding(["requestBody": self.object(body)]) }
        let answers = operation.answers.map {
            JSON.Member(name: String($0.status), value: self.object($0, isHead: isHead))
        }
        object = object.adding(["responses": .object(answers)])
        if !operation.examples.isEmpty, !isHead {
            let samples = operation.examples.map { example -> JSON in
                ["lang": "Shell", "label": .string(example.title), "source": .string(example.line(at: standardServer))]
            }
            object = object.adding(["x-codeSamples": .array(samples)])
        }
        return object
    }

    /// The server of examples.
    package static let standardServer = "http://localhost:8081"

    private static func object(_ parameter: Parameter) -> JSON {
        var object: JSON = ["name": .string(parameter.name), "in": .string(parameter.place.rawValue)]
        if parameter.isRequired { object = object.adding(["required": true]) }
        // `?verbose` alone counts.
        if parameter.name == "verbose" { object = object.adding(["allowEmptyValue": true]) }
        return object.adding(["description": .string(parameter.text), "schema": parameter.schema])
    }

    private static func object(_ body: Body) -> JSON {
        let contents = body.forms.map { form -> JSON.Member in
            var media: JSON = ["schema": form.schema]
            if let encoding = form.encoding { media = media.adding(["encoding": encoding]) }
            if !form.examples.isEmpty {
                let examples = form.examples.map { JSON.Member(name: $0.name, value: ["value": $0.value]) }
                media = media.adding(["examples": .object(examples)])
            }
            return JSON.Member(name: form.mediaType, value: media)
        }
        return ["required": true, "description": .string(body.text), "content": .object(contents)]
    }

    private static func object(_ answer: Answer, isHead: Bool) -> JSON {
        var object: JSON = ["description": .string(answer.text)]
        let headers = (["X-Request-Id"] + answer.headers).map { name -> JSON.Member in
            // A question mark: not always.
            guard name.hasSuffix("?") else {
                return JSON.Member(name: name, value: ["$ref": .string("#/components/headers/\(name)")])
            }
            let name = String(name.dropLast())
            let always = self.headers[name] ?? [:]
            return JSON.Member(name: name, value: always.adding(["required": false]))
        }
        object = object.adding(["headers": .object(headers)])
        if !answer.contents.isEmpty, !isHead {
            let contents = answer.contents.map { content -> JSON.Member in
                var media: JSON = content.schema.map { ["schema": $0] } ?? [:]
                if let example = content.example { media = media.adding(["example": example]) }
                return JSON.Member(name: content.mediaType, value: media)
            }
            object = object.adding(["content": .object(contents)])
        }
        if let links = answer.links, !isHead { object = object.adding(["links": links]) }
        return object
    }
}

extension Example {
    /// The command line.
    ///
    /// - Parameters:
    ///   - server: scheme, host and port.
    package func line(at server: String) -> String {
        line.replacing("{server}", with: server).replacing("{key}", with: " -H \"X-Api-Key: $KEY\"")
    }
}

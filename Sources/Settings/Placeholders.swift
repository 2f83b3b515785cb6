import TOML

/// What a profile cannot know beforehand: `{port}`, `{url}`, `{model}`, `{weights}`, `{programs}`, `{cores}`.
struct Placeholders {
    static let ofTheModel = ["model", "weights"]
    private let values: [String: String]
    let url: String

    /// - Parameters:
    ///   - port: the engine's, in this container.
    ///   - url: where the engine is, without `/v1`.
    ///   - model: nil where nobody named one; `{model}` and `{weights}` are then complained of.
    ///   - weights: the model's folder, once they are there; nil where the engine finds them by the model's name.
    init(port: UInt16, url: String, model: String?, weights: String? = nil, programs: String, cores: Int) {
        var values = ["port": String(port), "url": url, "programs": programs, "cores": String(cores)]
        values["model"] = model
        values["weights"] = weights ?? model
        self.url = url
        self.values = values
    }

    /// Fills in every text of a table.
    ///
    /// - Parameter isProfile: a word in braces that is none of these is a mistake there. Elsewhere it is somebody's
    ///   shell script.
    func fill(
        _ table: [String: TOMLValue], at path: String, isProfile: Bool, reader: inout TableReader
    ) -> [String: TOMLValue] {
        var result = table
        for key in table.keys.sorted() {
            guard let value = table[key] else { continue }
            result[key] = fill(value, at: TOMLPath.join(path, key), key: key, isProfile, &reader)
        }
        return result
    }

    private func fill(
        _ value: TOMLValue, at path: String, key: String, _ isProfile: Bool, _ reader: inout TableReader
    ) -> TOMLValue {
        switch value {
        case .text(let text):
            // A body is JSON, and what is filled in stands inside of one of its strings.
            return .text(fill(text, at: path, escapes: key == "body", isProfile, &reader))
        case .list(let items):
            return .list(items.map { fill($0, at: path, key: key, isProfile, &reader) })
        case .table(let table):
            return .table(fill(table, at: path, isProfile: isProfile, reader: &reader))
        case .integer, .number, .flag, .date:
            return value
        }
    }

    private func fill(
        _ text: String, at path: String, escapes: Bool, _ isProfile: Bool, _ reader: inout TableReader
    ) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            let after = rest.index(after: open)
            let name = rest[after...].prefix { $0.isASCII && $0.isLowercase }
            guard !name.isEmpty, rest[name.endIndex...].first == "}" else {
                result += rest[..<after]
                rest = rest[after...]
                continue
            }
            let end = rest.index(after: name.endIndex)
            if let value = values[String(name)] {
                result += rest[..<open] + (escapes ? Self.escaped(value) : value)
            } else {
                result += rest[..<end]
                if isProfile || Self.ofTheModel.contains(String(name)) { complain(String(name), path, &reader) }
            }
            rest = rest[end...]
        }
        return result + rest
    }

    private func complain(_ name: String, _ path: String, _ reader: inout TableReader) {
        guard !Self.ofTheModel.contains(name) else {
            return reader.complain(
                path, "`\(path)`: `{\(name)}` is not known: set `model` in the profile, or COXSWAIN_ENGINE_MODEL")
        }
        let known = Set(values.keys).union(Self.ofTheModel).sorted().map { "{\($0)}" }.joined(separator: ", ")
        reader.complain(path, "`\(path)`: there is no placeholder `{\(name)}`; there are \(known)")
    }

    /// As the inside of a JSON string (RFC 8259, section 7).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

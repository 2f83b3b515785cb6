/// A JSON value whose objects keep the order in which they were written.
package indirect enum JSON: Sendable, Equatable {
    case object([Member])
    case array([JSON])
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case null

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSON
    }

    /// A member of an object; nil where there is none of that name, or this is no object.
    package subscript(name: String) -> JSON? { members.first { $0.name == name }?.value }

    package var members: [Member] { if case .object(let members) = self { members } else { [] } }
    package var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }
    package var text: String? { if case .string(let text) = self { text } else { nil } }

    /// Objects alone: the same with these members behind its own; one of a name that is there already takes its place.
    package func adding(_ more: JSON) -> JSON {
        var all = members
        for member in more.members {
            if let index = all.firstIndex(where: { $0.name == member.name }) {
                all[index] = member
            } else {
                all.append(member)
            }
        }
        return .object(all)
    }

    /// The same with every `$ref` rewritten, wherever it stands.
    func mappingReferences(_ change: (String) -> String) -> JSON {
        switch self {
        case .object(let members):
            .object(
                members.map { member in
                    if member.name == "$ref", let target = member.value.text {
                        return Member(name: member.name, value: .string(change(target)))
                    }
                    return Member(name: member.name, value: member.value.mappingReferences(change))
                })
        case .array(let elements): .array(elements.map { $0.mappingReferences(change) })
        default: self
        }
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(nilLiteral: ()) { self = .null }
}

// MARK: As text

extension JSON {
    /// On one line.
    ///
    /// - Parameter isSpaced: with the spaces that people put there.
    package func line(isSpaced: Bool = false) -> String {
        let (space, comma) = isSpaced ? (" ", ", ") : ("", ",")
        switch self {
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let texts = members.map { "\(Self.quoted($0.name)):\(space)\($0.value.line(isSpaced: isSpaced))" }
            return "{\(space)\(texts.joined(separator: comma))\(space)}"
        case .array(let elements):
            return "[\(elements.map { $0.line(isSpaced: isSpaced) }.joined(separator: comma))]"
        case .string(let text): return Self.quoted(text)
        case .integer(let number): return String(number)
        case .number(let number): return String(number)
        case .boolean(let flag): return flag ? "true" : "false"
        case .null: return "null"
        }
    }

    /// For people: what fits into a line of that many columns stands on one.
    package func page(columns: Int = 140, indent: Int = 0) -> String {
        let line = line(isSpaced: true)
        guard line.utf8.count + indent > columns else { return line }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .object(let members) where !members.isEmpty:
            let texts = members.map {
                "\(inner)\(Self.quoted($0.name)): \($0.value.page(columns: columns, indent: indent + 2))"
            }
            return "{\n\(texts.joined(separator: ",\n"))\n\(outer)}"
        case .array(let elements) where !elements.isEmpty:
            let texts = elements.map { inner + $0.page(columns: columns, indent: indent + 2) }
            return "[\n\(texts.joined(separator: ",\n"))\n\(outer)]"
        default: return line
        }
    }

    /// RFC 8259 §7.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

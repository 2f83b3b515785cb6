import FoundationEssentials
import HTTPTypes

/// The members of a JSON body that names a document, as the texts that a form's fields would have. Pure.
///
/// Stricter than a form: a form has fields of which nobody knows where they come from, while a member that nobody reads is a
/// misspelt one, and the webhook that it meant would never be told.
struct JSONFields {
    private(set) var texts: [String: String] = [:]

    static let names = ["url", "output", "webhook", "pages", "prompt", "max_pixels", "password"]
    /// Those that may be numbers as well.
    private static let numbers: Set<String> = ["pages", "max_pixels"]

    /// - Throws: `APIError`, saying what is wrong.
    init(_ body: [UInt8]) throws {
        guard body.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") else {
            throw APIError(
                .badRequest, "The body must be a JSON object such as {\"url\": \"https://example.com/scan.pdf\"}.")
        }
        let members: [String: Value]
        do {
            members = try JSONDecoder().decode([String: Value].self, from: Data(body))
        } catch {
            // Not the error's own words: they may hold a password.
            throw APIError(.badRequest, "The body is no valid JSON.")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if name == "file" { throw APIError.fileIsNoText }
            guard Self.names.contains(name) else {
                throw APIError(
                    .unprocessableContent,
                    "The body has a member that is none of \(Self.names.joined(separator: ", ")).")
            }
            texts[name] = try Self.text(value, of: name)
        }
    }

    private static func text(_ value: Value, of name: String) throws -> String? {
        switch value {
        case .null: return nil
        case .text(let text):
            guard text.utf8.count <= URLEncodedFields.maximumBytes else {
                throw APIError(
                    .unprocessableContent, "`\(name)` is longer than \(URLEncodedFields.maximumBytes) bytes.")
            }
            return text
        case .number(let number) where numbers.contains(name): return String(number)
        case .number, .other:
            let kinds = numbers.contains(name) ? "a text or a whole number" : "a text"
            throw APIError(.unprocessableContent, "`\(name)` must be \(kinds).")
        }
    }

    private enum Value: Decodable {
        case null
        case text(String)
        case number(Int)
        case other

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.singleValueContainer() else {
                self = .other
                return
            }
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if (try? container.decode(Bool.self)) != nil {
                self = .other
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .other
            }
        }
    }
}

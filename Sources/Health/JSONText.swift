import FoundationEssentials

/// JSON as it goes over the wire: keys sorted, so that equal values are equal texts.
package enum JSONText {
    /// Encodes `value` on one line.
    ///
    /// A value whose encoding fails (a non-finite number) becomes `{}`: an answer without a body beats no answer.
    package static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Decodes one value; throws `DecodingError`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from text: some StringProtocol) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

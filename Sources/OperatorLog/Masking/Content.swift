/// Values that are content by their names, in Python's and JSON's ways to write them: `'content': '…'`,
/// `"messages": [{…}]`, `prompt='…'`, pydantic's `input_value=…, input_type=str`.
enum Content {
    private static let keys: [StaticString] = [
        "content", "messages", "message_content", "prompt", "prompts", "prompt_text", "prompt_token_ids",
        "prompt_embeds",
        "input", "inputs", "input_value", "input_text", "text", "texts", "output", "outputs", "output_text",
        "token_ids",
        "output_token_ids", "input_ids", "image_url", "images", "image_data", "multi_modal_data", "body",
        "request_body",
        "filename", "file_name", "document", "document_name", "markdown",
    ]
    private static let longestKey = 20

    static func isKey(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard (4...longestKey).contains(range.count) else { return false }
        return keys.contains { $0.utf8CodeUnitCount == range.count && text.hasFolded($0, at: range.lowerBound) }
    }

    /// - Parameter colon: behind a key, in quotes or not.
    static func key(_ text: Span<UInt8>, _ colon: Int) -> (range: Range<Int>, text: String)? {
        guard colon > 3 else { return nil }
        let isQuoted = text[colon - 1].isQuote
        // `\"` where JSON stands in a string.
        let end = !isQuoted ? colon : text[colon - 2] == UInt8(ascii: "\\") ? colon - 2 : colon - 1
        let start = text.skipBack(from: end, notBefore: max(0, end - longestKey - 1)) { $0.isIdentifier }
        guard isKey(text, start..<end), !isQuoted || text.byte(start - 1) == text[colon - 1] else { return nil }
        return hidden(text, text.skip(UInt8(ascii: " "), from: colon + 1))
    }

    /// - Parameter equals: behind the name of an argument.
    static func argument(_ text: Span<UInt8>, _ equals: Int) -> (range: Range<Int>, text: String)? {
        let start = text.skipBack(from: equals, notBefore: max(0, equals - longestKey - 1)) { $0.isIdentifier }
        guard isKey(text, start..<equals) else { return nil }
        if text.has("input_value", at: start) {
            // pydantic cuts it in the middle, so that its quotes need not match.
            let end = text.last(", input_type=", from: equals) ?? text.count
            return end > equals + 1 ? ((equals + 1)..<end, Privacy.mark(end - equals - 1)) : nil
        }
        return hidden(text, equals + 1)
    }

    /// The value that begins there; words and numbers without quotes stay.
    private static func hidden(_ text: Span<UInt8>, _ start: Int) -> (range: Range<Int>, text: String)? {
        var open = start
        // b'…', f'…', \"…\"
        if let byte = text.byte(open), byte.isLetter || byte == UInt8(ascii: "\\"),
            text.byte(open + 1)?.isQuote ?? false
        {
            open += 1
        }
        guard let first = text.byte(open) else { return nil }
        let end: Int
        if first.isQuote {
            end = stringEnd(text, open, escaped: open > start && text[start] == UInt8(ascii: "\\"))
        } else if [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "(")].contains(first) {
            end = structureEnd(text, open)
        } else {
            // `ChatCompletionRequest(…)`
            let name = Exceptions.nameEnd(text, open)
            guard name > open, text.byte(name) == UInt8(ascii: "(") else { return nil }
            end = structureEnd(text, name)
        }
        // Nothing in it.
        guard end - open > 2 else { return nil }
        return (start..<end, Privacy.mark(end - start))
    }

    /// Behind the closing quote; the end of the text where there is none.
    ///
    /// - Parameter escaped: the quotes have backslashes in front.
    static func stringEnd(_ text: Span<UInt8>, _ open: Int, escaped: Bool) -> Int {
        let quote = text[open]
        var position = open + 1
        while position < text.count {
            if text[position] == UInt8(ascii: "\\") {
                if escaped, text.byte(position + 1) == quote { return position + 2 }
                position += 2
            } else if text[position] == quote {
                return position + 1
            } else {
                position += 1
            }
        }
        return text.count
    }

    private static func structureEnd(_ text: Span<UInt8>, _ open: Int) -> Int {
        var depth = 0
        var position = open
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "("): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return position + 1 }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                position = stringEnd(text, position, escaped: false)
                continue
            default: break
            }
            position += 1
        }
        return text.count
    }
}

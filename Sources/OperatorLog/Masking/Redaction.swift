import VariableCatalog

/// Takes secrets out of a text: the values that are known, in the forms in which they may appear, and whatever looks like a
/// key, a token or a password. Each becomes `***`.
package struct Redaction: Sendable {
    private let forms: [[UInt8]]
    /// By first byte, the indices of the forms that begin with it, longest first.
    private let beginning: [[Int]]
    /// Bytes at which something may begin or stand that is to be looked at.
    private let triggers: [Bool]
    /// Secrets that are numbers, which JSON may hold as such.
    private let numbers: Set<Int>

    static let mask = "***"
    private static let shortest = 6

    /// - Parameter secrets: values; those shorter than 6 characters are not used, since they stand in anything.
    package init(secrets: [String]) {
        let used = secrets.filter { $0.count >= Self.shortest }
        forms = Set(used.flatMap(SecretForms.all)).map { Array($0.utf8) }.sorted { $0.count > $1.count }
        var table = Array(repeating: [Int](), count: 256)
        var triggers = Array(repeating: false, count: 256)
        for (index, form) in forms.enumerated() {
            table[Int(form[0])].append(index)
            triggers[Int(form[0])] = true
        }
        for byte in SecretPatterns.triggers { triggers[Int(byte)] = true }
        beginning = table
        self.triggers = triggers
        numbers = Set(used.compactMap { Int($0) })
    }

    /// The values of environment variables whose names say that they are secrets.
    package static func secrets(in environment: [String: String]) -> [String] {
        var values: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard SecretName.matches(name), value.count >= shortest else { continue }
            values.append(value)
            // Several in one value.
            let parts = value.split { $0 == "," || $0.isWhitespace }.map(String.init)
            if parts.count > 1 { values += parts.filter { $0.count >= shortest } }
            // `label:key`
            values += parts.compactMap { part in part.firstIndex(of: ":").map { String(part[part.index(after: $0)...]) }
            }
            .filter { $0.count >= shortest }
        }
        return values
    }

    package func apply(_ text: String) -> String {
        let bytes = text.utf8.span
        var edits = Edits()
        triggers.withUnsafeBufferPointer { triggers in
            var position = 0
            while position < bytes.count {
                guard triggers[Int(bytes[position])], let range = find(bytes, position) else {
                    position += 1
                    continue
                }
                edits.replace(range, with: Self.mask)
                position = max(range.upperBound, position + 1)
            }
        }
        return edits.isEmpty ? text : edits.applied(to: bytes)
    }

    package func apply(_ record: Record) -> Record {
        var record = record
        record.message = apply(record.message)
        for index in record.fields.indices {
            switch record.fields[index].value {
            case .text(let text):
                if SecretPatterns.isSecretName(record.fields[index].name), !text.isEmpty {
                    record.fields[index].value = .text(Self.mask)
                } else {
                    let masked = apply(text)
                    if masked != text { record.fields[index].value = .text(masked) }
                }
            case .integer(let integer):
                if !numbers.isEmpty, numbers.contains(integer) { record.fields[index].value = .text(Self.mask) }
            case .number, .flag: break
            }
        }
        return record
    }

    private func find(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        for index in beginning[Int(text[position])] where text.has(forms[index], at: position) {
            return position..<(position + forms[index].count)
        }
        return SecretPatterns.find(text, position)
    }
}

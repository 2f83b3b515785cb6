extension StringProtocol {
    /// Without spaces and tabs around it.
    package var trimmed: SubSequence {
        var text = self[...]
        while let first = text.unicodeScalars.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.unicodeScalars.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}

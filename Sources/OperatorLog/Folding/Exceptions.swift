/// How exceptions look in the text of a program.
enum Exceptions {
    static let header: StaticString = "Traceback (most recent call last):"

    /// Where the dotted name that begins there ends.
    static func nameEnd(_ line: Span<UInt8>, _ start: Int) -> Int {
        line.skip(from: start) { $0.isIdentifier || $0 == UInt8(ascii: ".") }
    }

    /// `package.module.Name` or `Name: text`, as Python ends a traceback. `<locals>` stands in the names of classes that
    /// a function defines.
    static func endsTraceback(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard let first = line.byte(start), first.isLetter || first == UInt8(ascii: "_") else { return false }
        var end = nameEnd(line, start)
        while line.has("<locals>", at: end) { end = nameEnd(line, end + 8) }
        guard let mark = line.byte(end) else { return true }
        return mark == UInt8(ascii: ":") && (line.byte(end + 1).map { $0 == UInt8(ascii: " ") } ?? true)
    }

    /// As ``endsTraceback(_:_:)``, where no traceback stands before it: only names that say that they are one.
    static func isException(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard let first = line.byte(start), first.isLetter else { return false }
        let end = nameEnd(line, start)
        guard
            line.has("Error", at: end - 5) || line.has("Exception", at: end - 9) || line.has("Interrupt", at: end - 9),
            end - start > 5
        else { return false }
        return end == line.count || line.has(": ", at: end)
    }

    /// What Python puts between the tracebacks of exceptions that led to each other.
    static func chains(_ line: Span<UInt8>, _ start: Int) -> Bool {
        line.has("During handling of the above exception, another exception occurred:", at: start)
            || line.has("The above exception was the direct cause of the following exception:", at: start)
    }
}

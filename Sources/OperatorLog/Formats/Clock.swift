/// Times as logs write them in front of a line. They are passed over: a record has its own time.
enum Clock {
    /// Where the time that begins there ends: `2026-11-22 10:00:00,123`, `2026/11/22T10:00:00.123+00:00`, `11-22 10:00:00`,
    /// `10:00:00.1`; nil where there is none.
    static func end(_ line: Span<UInt8>, _ start: Int) -> Int? {
        var position = start
        if let day = dayEnd(line, start) {
            guard let separator = line.byte(day), separator == UInt8(ascii: " ") || separator == UInt8(ascii: "T")
            else {
                return nil
            }
            position = day + 1
        }
        // HH:MM:SS
        guard isPair(line, position), line.byte(position + 2) == UInt8(ascii: ":"), isPair(line, position + 3),
            line.byte(position + 5) == UInt8(ascii: ":"), isPair(line, position + 6)
        else { return nil }
        position += 8
        if let mark = line.byte(position), mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","),
            line.byte(position + 1)?.isDigit ?? false
        {
            position = line.skip(from: position + 1) { $0.isDigit }
        }
        return zoneEnd(line, position)
    }

    /// `2026-11-22`, `2026/11/22`, `11-22`.
    private static func dayEnd(_ line: Span<UInt8>, _ start: Int) -> Int? {
        guard let number = line.number(from: start), let mark = line.byte(number.end),
            mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/"), isPair(line, number.end + 1)
        else { return nil }
        switch number.end - start {
        case 2: return number.end + 3
        case 4:
            guard line.byte(number.end + 3) == mark, isPair(line, number.end + 4) else { return nil }
            return number.end + 6
        default: return nil
        }
    }

    private static func zoneEnd(_ line: Span<UInt8>, _ start: Int) -> Int {
        guard let mark = line.byte(start) else { return start }
        if mark == UInt8(ascii: "Z") { return start + 1 }
        let sign = mark == UInt8(ascii: " ") ? start + 1 : start
        guard let byte = line.byte(sign), byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"), isPair(line, sign + 1)
        else { return start }
        if isPair(line, sign + 3) { return sign + 5 }
        return line.byte(sign + 3) == UInt8(ascii: ":") && isPair(line, sign + 4) ? sign + 6 : start
    }

    private static func isPair(_ line: Span<UInt8>, _ start: Int) -> Bool {
        (line.byte(start)?.isDigit ?? false) && (line.byte(start + 1)?.isDigit ?? false)
    }
}

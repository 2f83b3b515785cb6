/// The fronts that vLLM writes, alone or over the loggers of its processes:
/// `(EngineCore_DP0 pid=9) INFO 11-22 10:00:00 [core.py:12] text`, older ones `INFO 11-22 10:00:00 core.py:12] text`.
extension LineHead {
    /// Takes `(NAME pid=N) ` off the front; Ray's processes add `, ip=…`.
    mutating func takeProcess(_ line: Span<UInt8>) -> Bool {
        guard line.byte(body) == UInt8(ascii: "(") else { return false }
        let nameEnd = line.skip(from: body + 1) {
            $0.isIdentifier || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard nameEnd > body + 1, nameEnd < body + 64, line.has(" pid=", at: nameEnd),
            let number = line.number(from: nameEnd + 5), let pid = Int32(exactly: number.value)
        else { return false }
        var close = number.end
        if line.has(", ip=", at: close) {
            close = line.skip(from: close + 5) {
                $0.isAlphanumeric || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":")
            }
        }
        guard line.byte(close) == UInt8(ascii: ")") else { return false }
        process = (body + 1)..<nameEnd
        self.pid = pid
        body = close + 1
        if line.byte(body) == UInt8(ascii: " ") { body += 1 }
        return true
    }

    /// Takes `11-22 10:00:00 [core.py:12] ` behind a level word.
    ///
    /// - Returns: whether it stood there.
    mutating func takeVLLMPlace(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard let time = Clock.end(line, start) else { return false }
        var position = line.skip(UInt8(ascii: " "), from: time)
        let bracket = line.byte(position) == UInt8(ascii: "[")
        if bracket { position += 1 }
        guard let source = Place.inCode(line, position), line.byte(source.upperBound) == UInt8(ascii: "]") else {
            return false
        }
        self.source = source
        body = source.upperBound + 1
        if line.byte(body) == UInt8(ascii: " ") { body += 1 }
        return true
    }

    /// vLLM's banner draws its name with block elements in front of what it tells: where that begins.
    static func afterBanner(_ line: Span<UInt8>, _ start: Int) -> Int {
        var position = start
        var blocks = 0
        while position < line.count {
            if line[position].isBlank {
                position += 1
            } else if line[position] == 0xE2, line.byte(position + 1) == 0x96, position + 2 < line.count {
                // U+2580…U+259F
                guard line[position + 2] <= 0x9F else { break }
                blocks += 1
                position += 3
            } else {
                break
            }
        }
        return blocks > 0 ? position : start
    }
}

/// A place in a program.
enum Place {
    /// `core.py:12`, `pkg/core.py:12`, `utils.cpp:68`, `module:function:12`.
    static func inCode(_ line: Span<UInt8>, _ start: Int) -> Range<Int>? {
        let end = line.skip(from: start) { byte in
            byte > UInt8(ascii: " ") && byte != UInt8(ascii: "]") && byte != UInt8(ascii: "[") && byte < 0x7F
        }
        guard end > start, end - start < 160 else { return nil }
        // A colon may close it.
        let last = line[end - 1] == UInt8(ascii: ":") ? end - 1 : end
        let digits = line.skipBack(from: last, notBefore: start) { $0.isDigit }
        guard digits < last, digits > start + 1, line[digits - 1] == UInt8(ascii: ":"), !line[start].isDigit else {
            return nil
        }
        return start..<last
    }
}

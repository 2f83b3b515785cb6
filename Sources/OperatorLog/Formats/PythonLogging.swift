/// Lines with a level word in front, or a time and then the level, as Python's `logging` is usually set up, uvicorn,
/// loguru, Rust's tracing and swift-log write them.
extension LineHead {
    /// `INFO:     text` (uvicorn), `WARNING:root:text` (Python's default), `INFO 11-22 10:00:00 [core.py:12] text` (vLLM),
    /// `ERROR text`.
    mutating func takeLevelFirst(_ line: Span<UInt8>) {
        // In capitals: `Error: …` is what somebody says, not the front of a line.
        let end = line.skip(from: body) { $0.isUpper }
        guard let level = LevelWord.level(line, body..<end), let mark = line.byte(end) else { return }
        switch mark {
        case UInt8(ascii: " "):
            self.level = level
            let next = line.skip(UInt8(ascii: " "), from: end)
            if !takeVLLMPlace(line, next) {
                // paddle.distributed and others put a time behind the level.
                if let time = Clock.end(line, next) {
                    body = line.skip(UInt8(ascii: " "), from: time)
                    takePlace(line)
                } else {
                    body = next
                    takeSeparator(line)
                }
            }
        case UInt8(ascii: ":"):
            self.level = level
            body = line.skip(UInt8(ascii: " "), from: end + 1)
            // No space behind the colon: the logger's name.
            guard body == end + 1 else { return }
            let name = line.skip(from: body) { $0.isIdentifier || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
            guard name > body, line.byte(name) == UInt8(ascii: ":"), line.byte(name + 1) != UInt8(ascii: "/") else {
                return
            }
            if !line.has("root:", at: body) { logger = body..<name }
            body = line.skip(UInt8(ascii: " "), from: name + 1)
        default: break
        }
    }

    /// `2026-11-22 10:00:00,123 - name - LEVEL - text`, `… | INFO     | module:function:12 - text`, `…Z  WARN name: text`,
    /// TensorFlow's `…: W file.cc:12] text`.
    mutating func takeTimeFirst(_ line: Span<UInt8>) {
        guard let time = Clock.end(line, body) else { return }
        if line.has(": ", at: time), let letter = line.byte(time + 2), let level = LevelWord.level(letter: letter),
            line.byte(time + 3) == UInt8(ascii: " "), let source = Place.inCode(line, time + 4),
            line.has("] ", at: source.upperBound)
        {
            self.level = level
            self.source = source
            body = source.upperBound + 2
            return
        }
        takeLevel(line, after: time)
    }

    /// `[2026-11-22 10:00:00,123] [LEVEL] text`, `[2026-11-22 10:00:00 TP0] text`, `[W1122 10:00:00.1 file.cpp:12] text`,
    /// `[INFO] text`.
    mutating func takeBracket(_ line: Span<UInt8>) {
        let inside = body + 1
        if takeGlog(line, inside) { return }
        if let time = Clock.end(line, inside) {
            guard let close = line.first(UInt8(ascii: "]"), from: time), close < time + 64 else { return }
            takeBracketWords(line, time..<close)
            body = line.skip(UInt8(ascii: " "), from: close + 1)
            if level == nil { takeLevel(line, after: body) } else { takePlace(line) }
            return
        }
        let word = line.skip(UInt8(ascii: " "), from: inside)
        let end = line.skip(from: word) { $0.isLetter }
        let close = line.skip(UInt8(ascii: " "), from: end)
        guard let level = LevelWord.level(line, word..<end), line.byte(close) == UInt8(ascii: "]") else { return }
        self.level = level
        body = close + 1
        takeSeparator(line)
    }

    /// Behind a time inside of brackets: Ray's `E 7 12` (level, process, thread), SGLang's `TP0` (process).
    private mutating func takeBracketWords(_ line: Span<UInt8>, _ range: Range<Int>) {
        var position = line.skip(UInt8(ascii: " "), from: range.lowerBound)
        while position < range.upperBound {
            let end = line.skip(from: position) { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "]") }
            if let number = line.number(from: position), number.end == end {
                if pid == nil { pid = Int32(exactly: number.value) } else { thread = number.value }
            } else if end == position + 1, let level = LevelWord.level(letter: line[position]) {
                self.level = level
            } else if process == nil, line[position].isUpper {
                process = position..<end
            }
            position = line.skip(UInt8(ascii: " "), from: max(end, position + 1))
        }
    }

    /// Looks for a level among the first words behind a time; without one the line stays as it is.
    private mutating func takeLevel(_ line: Span<UInt8>, after start: Int) {
        var position = start
        var name: Range<Int>?
        var number: Int?
        for _ in 0..<4 {
            position = line.skip(from: position) {
                [
                    UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "|"), UInt8(ascii: "["), UInt8(ascii: "]"),
                    UInt8(ascii: ":"),
                ].contains($0)
            }
            let end = line.skip(from: position) {
                $0.isIdentifier || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/")].contains($0)
            }
            guard end > position, end - position < 80 else { return }
            if let level = LevelWord.level(line, position..<end) {
                self.level = level
                body = line.skip(UInt8(ascii: " "), from: end)
                if line.byte(body) == UInt8(ascii: "]") { body = line.skip(UInt8(ascii: " "), from: body + 1) }
                logger = name
                if let number, pid == nil { pid = Int32(exactly: number) }
                takeSeparator(line)
                takePlace(line)
                return
            }
            if let digits = line.number(from: position), digits.end == end {
                // gunicorn: `[7]`.
                guard line.byte(position - 1) == UInt8(ascii: "["), line.byte(end) == UInt8(ascii: "]") else { return }
                number = digits.value
            } else {
                guard name == nil else { return }
                name = position..<end
            }
            position = end
        }
    }

    /// Passes over `- `, `| `, `: ` in front of the text.
    private mutating func takeSeparator(_ line: Span<UInt8>) {
        guard let byte = line.byte(body),
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "|") || byte == UInt8(ascii: ":"),
            line.byte(body + 1) == UInt8(ascii: " ")
        else { return }
        body = line.skip(UInt8(ascii: " "), from: body + 1)
    }

    /// `file.py:12 - `, `[file.py:12] `, `file.py:12] `, `module:function:12 - `.
    private mutating func takePlace(_ line: Span<UInt8>) {
        let bracket = line.byte(body) == UInt8(ascii: "[")
        guard source == nil, let place = Place.inCode(line, bracket ? body + 1 : body) else { return }
        var next = place.upperBound
        switch line.byte(next) {
        case UInt8(ascii: "]"), UInt8(ascii: ":"): next += 1
        case UInt8(ascii: " ") where line.has(" - ", at: next): break
        default: return
        }
        source = place
        body = line.skip(UInt8(ascii: " "), from: next)
        takeSeparator(line)
    }
}

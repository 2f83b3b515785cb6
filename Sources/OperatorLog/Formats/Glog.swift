/// What C++ libraries write: glog and Abseil, PyTorch's logging, NCCL.
extension LineHead {
    /// `W1122 10:00:00.1 7 file.cc:12] text`, and with a bracket in front and no thread, as PyTorch has it.
    ///
    /// - Parameter start: where the letter of the level stands.
    /// - Returns: whether it stood there.
    mutating func takeGlog(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard let letter = line.byte(start), let level = LevelWord.level(letter: letter),
            let day = line.number(from: start + 1), day.end == start + 5, line.byte(day.end) == UInt8(ascii: " ")
        else { return false }
        // Abseil, before it is set up, writes seconds since 1970: `E0000 00:00:1732270000.123456`.
        let time = line.skip(from: day.end + 1) { $0.isDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        guard time > day.end + 1 else { return false }
        var position = line.skip(UInt8(ascii: " "), from: time)
        var thread: Int?
        if let number = line.number(from: position), line.byte(number.end) == UInt8(ascii: " ") {
            thread = number.value
            position = line.skip(UInt8(ascii: " "), from: number.end)
        }
        guard let source = Place.inCode(line, position), line.byte(source.upperBound) == UInt8(ascii: "]") else {
            return false
        }
        self.level = level
        self.thread = thread
        isNative = true
        self.source = source
        body = line.skip(UInt8(ascii: " "), from: source.upperBound + 1)
        return true
    }

    /// `host:7:12 [0] NCCL WARN text`, also with a time in front. The host's name is left out.
    mutating func takeNCCL(_ line: Span<UInt8>) {
        guard let mark = line.first(" NCCL ", from: body), mark < body + 160 else { return }
        let word = mark + 6
        let end = line.skip(from: word) { $0.isUpper }
        guard let level = LevelWord.level(line, word..<end), line.byte(end) == UInt8(ascii: " ") else { return }
        self.level = level
        logger = (mark + 1)..<(mark + 5)
        // `host:pid:tid`
        var position = body
        while let colon = line.first(UInt8(ascii: ":"), from: position), colon < mark {
            if let first = line.number(from: colon + 1), line.byte(first.end) == UInt8(ascii: ":"),
                let second = line.number(from: first.end + 1), line.byte(second.end) == UInt8(ascii: " ")
            {
                pid = Int32(exactly: first.value)
                thread = second.value
                break
            }
            position = colon + 1
        }
        body = line.skip(UInt8(ascii: " "), from: end)
    }
}

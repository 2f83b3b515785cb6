/// The last words of C++ and Swift programs, and the stacks that follow: an exception that nobody caught, glog's and
/// Paddle's reports of a fatal signal, PyTorch's `frame #0: …`, the Swift runtime's `Fatal error: …`.
struct NativeStack: LineFold {
    private var text: String
    private var lines = BoundedLines()
    /// C++ tells what an exception says on the line below.
    private var saysMore: Bool

    /// - Returns: nil when the line begins none.
    init?(_ line: Span<UInt8>, _ head: LineHead, _ start: Int) {
        let begins: Bool =
            switch line.byte(start) {
            case UInt8(ascii: "t"): line.has("terminate called ", at: start)
            case UInt8(ascii: "*"):
                line.has("*** SIG", at: start) || line.has("*** Aborted at ", at: start)
                    || line.has("*** Program crashed: ", at: start) || line.has("*** Signal ", at: start)
            case UInt8(ascii: "C"): line.has("C++ Traceback (most recent call last):", at: start)
            case UInt8(ascii: "F"): line.has("Fatal error: ", at: start)
            case 0xF0: line.has("💣 Program crashed: ", at: start)
            default: false
            }
        // An error of a C++ library may have its stack below.
        let isLibrary = head.level == .error && head.isNative
        guard begins || isLibrary || (!head.isHeaded && line.first(": Fatal error: ", from: start) != nil) else {
            return nil
        }
        text = Privacy.apply(line.text(line.trimmed(start..<line.count)))
        saysMore = line.has("terminate called after", at: start)
    }

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation == .bare else { return .ended }
        if saysMore, let what = line.first("what():", from: text), what < text + 4 {
            saysMore = false
            self.text += ": " + Privacy.apply(line.text(line.trimmed((what + 7)..<line.count)))
            return .taken
        }
        guard let first = line.byte(text) else { return .taken }
        guard first.isBlank || Self.continues(line, text) || Self.isNumberedFrame(line, text) else { return .ended }
        lines.append(Privacy.apply(line.text(text..<line.count)))
        return .taken
    }

    /// What stands only in such reports, whatever came before.
    static func continues(_ line: Span<UInt8>, _ start: Int) -> Bool {
        switch line.byte(start) {
        case UInt8(ascii: "f"): line.has("frame #", at: start)
        case UInt8(ascii: "P"): line.has("PC: @", at: start)
        case UInt8(ascii: "@"): line.has("@ ", at: start)
        case UInt8(ascii: "E"):
            line.has("Exception raised from ", at: start) || line.has("Error Message Summary:", at: start)
                || line.has("ExternalError: ", at: start)
        case UInt8(ascii: "F"): line.has("For debugging consider ", at: start) || line.has("FatalError: ", at: start)
        case UInt8(ascii: "C"):
            line.has("CUDA kernel errors might be ", at: start) || line.has("Compile with `TORCH_USE_", at: start)
                || line.has("Current stack trace:", at: start) || line.has("C++ Traceback (most ", at: start)
                || line.has("C++ CapturedTraceback:", at: start)
        case UInt8(ascii: "D"): line.has("Device-side assert", at: start)
        case UInt8(ascii: "S"): line.has("Search for `cuda", at: start)
        case UInt8(ascii: "-"): line.has("--------", at: start)
        case UInt8(ascii: "#"): line.byte(start + 1)?.isDigit ?? false
        case UInt8(ascii: "*"):
            line.has("*** Aborted at ", at: start) || line.has("*** Program crashed", at: start)
                || line.has("*** Signal ", at: start)
        case UInt8(ascii: "T"):
            line.has("Thread ", at: start) && (line.byte(start + 7)?.isDigit ?? false)
                && line.has(":", at: line.count - 1)
        case UInt8(ascii: "R"): line.has("Registers:", at: start)
        case UInt8(ascii: "I"): line.has("Images (", at: start)
        case UInt8(ascii: "B"): line.has("Backtrace took ", at: start)
        case 0xF0: line.has("💣 Program crashed: ", at: start)
        default: false
        }
    }

    /// `0   paddle::…`, `12 [ra] 0x00005555 …`.
    private static func isNumberedFrame(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard let number = line.number(from: start), number.value < 10_000 else { return false }
        return line.byte(number.end)?.isBlank ?? false
    }

    var level: Record.Level { .error }
    var message: String { text.cut(to: 2048) }
    var fields: [Record.Field] { lines.isEmpty ? [] : [Record.Field("traceback", .text(lines.text))] }
}

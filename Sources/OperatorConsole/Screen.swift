/// Lines at the bottom of a terminal that are drawn again and again in their place, and stay there at the end.
package struct Screen {
    private var drawn: [String] = []

    package init() {}

    package mutating func draw(_ lines: [String], on terminal: Terminal) {
        // What is above the window cannot be drawn again.
        let lines = Array(lines.prefix(max(1, (terminal.size?.rows ?? 24) - 1)))
        guard lines != drawn else { return }
        // To the beginning of the first line, and clear from there on (ECMA-48: CPL, ED).
        let back = drawn.isEmpty ? "" : "\u{1B}[\(drawn.count)F\u{1B}[J"
        drawn = lines
        Output.write(back + lines.joined(separator: "\n") + "\n")
    }
}

import Lifecycle

/// What a simulated life needs of its seed.
extension SeededRandom {
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func chance(_ percent: Int) -> Bool { number(0...99) < percent }

    mutating func one<Choice>(of choices: [Choice]) -> Choice { choices[number(0...choices.count - 1)] }

    /// A time in milliseconds, often a round one: what happens at the same moment is what goes wrong.
    mutating func time(_ range: ClosedRange<Int>) -> Duration {
        let time = number(range)
        guard range.upperBound >= 1000, chance(40) else { return .milliseconds(time) }
        return .milliseconds(max(range.lowerBound, time / 500 * 500))
    }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for index in 1..<elements.count { elements.swapAt(index, number(0...index)) }
    }
}

/// Numbers of pages, ascending and each once. Its memory grows with the gaps, not with the numbers.
package struct PageSet: Sendable, Equatable, Sequence {
    /// Ascending; between two there is at least one page that is in neither.
    package private(set) var ranges: [ClosedRange<Int>]

    package init() { ranges = [] }

    /// The pages of a document of that length.
    package init(all count: Int) { ranges = count > 0 ? [1...count] : [] }

    /// - Parameter ranges: in any order; they may overlap.
    package init(_ ranges: some Sequence<ClosedRange<Int>>) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    }

    /// - Parameter numbers: in any order; they may repeat.
    package init(numbers: some Sequence<Int>) { self.init(numbers.map { $0...$0 }) }

    package var count: Int { ranges.reduce(0) { $0 + $1.count } }
    package var isEmpty: Bool { ranges.isEmpty }

    package func contains(_ number: Int) -> Bool {
        let index = firstIndex(endingAtOrAfter: number)
        return index < ranges.count && ranges[index].contains(number)
    }

    package mutating func insert(_ number: Int) {
        let index = firstIndex(endingAtOrAfter: number)
        if index < ranges.count, ranges[index].contains(number) { return }
        let joinsBefore = index > 0 && ranges[index - 1].upperBound == number - 1
        let joinsAfter = index < ranges.count && ranges[index].lowerBound == number + 1
        let lower = joinsBefore ? ranges[index - 1].lowerBound : number
        let upper = joinsAfter ? ranges[index].upperBound : number
        ranges.replaceSubrange(
            (joinsBefore ? index - 1 : index)..<(joinsAfter ? index + 1 : index), with: CollectionOfOne(lower...upper))
    }

    /// Those that are not in the other set.
    package func subtracting(_ other: PageSet) -> PageSet {
        var rest = PageSet()
        var taken = other.ranges[...]
        for range in ranges {
            var lower = range.lowerBound
            while let next = taken.first, next.lowerBound <= range.upperBound {
                if next.lowerBound > lower { rest.ranges.append(lower...(next.lowerBound - 1)) }
                lower = Swift.max(lower, next.upperBound + 1)
                // It may reach into the next range as well.
                if next.upperBound > range.upperBound { break }
                taken = taken.dropFirst()
            }
            if lower <= range.upperBound { rest.ranges.append(lower...range.upperBound) }
        }
        return rest
    }

    package func makeIterator() -> FlattenSequence<[ClosedRange<Int>]>.Iterator { ranges.joined().makeIterator() }

    /// Adds a range that begins at or after the last one's beginning.
    mutating func append(_ range: ClosedRange<Int>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else {
            ranges.append(range)
            return
        }
        ranges[ranges.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
    }

    private func firstIndex(endingAtOrAfter number: Int) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

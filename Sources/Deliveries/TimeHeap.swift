/// Keys by times, the earliest first; of equal times the one that was added first.
struct TimeHeap<Key: Sendable>: Sendable {
    private struct Element: Sendable {
        var time: Double
        var serial: UInt64
        var key: Key

        func isBefore(_ other: Element) -> Bool { (time, serial) < (other.time, other.serial) }
    }

    private var elements: [Element] = []
    private var serial: UInt64 = 0

    var first: (time: Double, key: Key)? { elements.first.map { ($0.time, $0.key) } }

    mutating func add(_ key: Key, at time: Double) {
        serial += 1
        elements.append(Element(time: time, serial: serial, key: key))
        var child = elements.count - 1
        while child > 0, elements[child].isBefore(elements[(child - 1) / 2]) {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard let last = elements.popLast(), !elements.isEmpty else { return }
        elements[0] = last
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < elements.count }
            guard let least = children.min(by: { elements[$0].isBefore(elements[$1]) }),
                elements[least].isBefore(elements[parent])
            else { return }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}

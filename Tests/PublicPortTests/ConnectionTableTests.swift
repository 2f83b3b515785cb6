import PublicPort
import Testing

struct ConnectionTableTests {
    private typealias Admission = ConnectionTable.Admission

    @Test func belowTheLimitAllAreLetIn() {
        var table = ConnectionTable(limit: 3, reserve: 2)
        for number in 1...3 { #expect(table.admit() == Admission(identifier: UInt64(number))) }
        table.remove(2)
        #expect(table.admit() == Admission(identifier: 4) && table.count == 3)
    }

    @Test func whoHasWaitedLongestMakesRoom() {
        var table = ConnectionTable(limit: 3, reserve: 2)
        for _ in 1...3 { _ = table.admit() }
        table.setWaiting(false, 1)
        #expect(table.admit() == Admission(identifier: 4, evicted: 2))
        // It waits again, and so for less long than the third.
        table.setWaiting(true, 1)
        #expect(table.admit() == Admission(identifier: 5, evicted: 3))
        #expect(table.admit() == Admission(identifier: 6, evicted: 4))
        #expect(table.admit() == Admission(identifier: 7, evicted: 1))
        #expect(table.count == 3)
    }

    @Test func whereAllWorkSomeComeInOnReserve() {
        var table = ConnectionTable(limit: 2, reserve: 2)
        for number: UInt64 in 1...2 {
            _ = table.admit()
            table.setWaiting(false, number)
        }
        #expect(table.admit() == Admission(identifier: 3, isOnReserve: true))
        #expect(table.admit() == Admission(identifier: 4, isOnReserve: true))
        // The reserve is full: its own oldest goes.
        #expect(table.admit() == Admission(identifier: 5, isOnReserve: true, evicted: 3))
        table.setWaiting(false, 4)
        table.setWaiting(false, 5)
        #expect(table.admit() == Admission())
        #expect(table.count == 4)
        // One of the others is answered, and goes before those on reserve.
        table.setWaiting(true, 1)
        let next = table.admit()
        #expect(next.evicted == 1 && next.isOnReserve)
        for number: UInt64 in 2...6 { table.remove(number) }
        #expect(table.admit() == Admission(identifier: 7) && table.count == 1)
    }

    @Test func whatIsGoneIsNotAskedAbout() {
        var table = ConnectionTable(limit: 1, reserve: 1)
        _ = table.admit()
        #expect(table.admit() == Admission(identifier: 2, evicted: 1))
        table.setWaiting(false, 1)
        table.setWaiting(true, 1)
        table.remove(1)
        #expect(table.count == 1)
        #expect(table.admit() == Admission(identifier: 3, evicted: 2))
    }
}

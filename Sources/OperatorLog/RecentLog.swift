import Synchronization

/// The last records of each service, in bounded memory, for whoever asks; and news for whoever follows.
///
/// Kept as the text of their JSON form, in pieces of which the oldest goes first: of the service that has too much, or of
/// whoever has the oldest where all have too much together.
package final class RecentLog: Sendable {
    package struct Line: Sendable, Equatable {
        /// Grows by one from record to record of all services, from 1.
        package var sequence: UInt64
        package var service: String
        /// One JSON object, without a line end.
        package var json: String
    }

    package struct FollowID: Sendable, Hashable { fileprivate let number: UInt64 }

    private let store: Mutex<Store>

    /// - Parameters:
    ///   - bytesOfEach: most bytes that are kept of one service.
    ///   - bytes: most bytes that are kept of all together.
    package init(bytesOfEach: Int = 256 * 1024, bytes: Int = 2 << 20) {
        store = Mutex(Store(bytesOfEach: bytesOfEach, bytes: bytes))
    }

    /// Keeps records and tells those who follow, before it returns.
    ///
    /// - Parameter lines: in JSON.
    package func append(_ lines: LineBatch, of service: String) {
        guard !lines.isEmpty else { return }
        let (first, followers) = store.withLock { store in
            (store.append(lines, of: service), Array(store.followers.values))
        }
        guard !followers.isEmpty else { return }
        let news = lines.ends.indices.map { index in
            Line(sequence: first + UInt64(index), service: service, json: lines.text(index))
        }
        // Outside of the lock: whoever is told may ask.
        for follower in followers { follower(news) }
    }

    /// The last records, oldest first.
    ///
    /// - Parameter service: nil for all services together.
    package func last(_ count: Int, of service: String? = nil) -> [Line] {
        store.withLock { $0.last(count, of: service) }
    }

    /// Calls `receive` with all records from now on, in batches, each time on the thread that logged them, which is to be kept
    /// waiting by nothing. To miss none and have none twice: follow first, then ask for the last, and pass over what has a
    /// sequence number that is known.
    package func follow(_ receive: @escaping @Sendable ([Line]) -> Void) -> FollowID {
        store.withLock { store in
            store.follows += 1
            let id = FollowID(number: store.follows)
            store.followers[id] = receive
            return id
        }
    }

    /// A call that has begun on another thread may still end after this.
    package func unfollow(_ id: FollowID) {
        store.withLock { $0.followers[id] = nil }
    }
}

private struct Store {
    let bytesOfEach: Int
    let bytes: Int
    var sequence: UInt64 = 0
    var held = 0
    var services: [Kept] = []
    var follows: UInt64 = 0
    var followers: [RecentLog.FollowID: @Sendable ([RecentLog.Line]) -> Void] = [:]

    init(bytesOfEach: Int, bytes: Int) {
        self.bytesOfEach = bytesOfEach
        self.bytes = bytes
    }

    /// What is kept of one service, oldest first.
    struct Kept {
        var name: String
        var pieces: [Piece] = []
        var held = 0
    }

    /// Some records on end; they go together.
    struct Piece {
        var text: [UInt8] = []
        var ends: [(sequence: UInt64, end: Int)] = []
        var cost: Int { text.count + ends.count * MemoryLayout<(UInt64, Int)>.stride }
    }

    /// Small enough that what goes is little, large enough that it goes rarely.
    private var pieceSize: Int { min(16 * 1024, bytesOfEach / 8) }

    /// - Returns: the sequence number of the first.
    mutating func append(_ lines: LineBatch, of service: String) -> UInt64 {
        let index = services.firstIndex { $0.name == service } ?? services.endIndex
        if index == services.endIndex { services.append(Kept(name: service)) }
        let first = sequence + 1
        for line in lines.ends.indices {
            sequence += 1
            add(lines.bytes[lines[line]], to: index)
        }
        return first
    }

    private mutating func add(_ line: ArraySlice<UInt8>, to index: Int) {
        let last = services[index].pieces.count - 1
        if last < 0 || services[index].pieces[last].text.count + line.count > pieceSize {
            services[index].pieces.append(Piece())
        }
        let piece = services[index].pieces.count - 1
        let before = services[index].pieces[piece].cost
        services[index].pieces[piece].text.append(contentsOf: line)
        services[index].pieces[piece].ends.append((sequence, services[index].pieces[piece].text.count))
        let added = services[index].pieces[piece].cost - before
        services[index].held += added
        held += added
        // The last record is kept, however long it is.
        while services[index].held > bytesOfEach, services[index].pieces.count > 1 { dropOldest(of: index) }
        while held > bytes, let oldest = oldest() { dropOldest(of: oldest) }
    }

    private mutating func dropOldest(of index: Int) {
        let cost = services[index].pieces.removeFirst().cost
        services[index].held -= cost
        held -= cost
    }

    /// The service whose oldest records are the oldest of all that may go.
    private func oldest() -> Int? {
        services.indices.filter { services[$0].pieces.count > 1 }.min {
            services[$0].pieces[0].ends[0].sequence < services[$1].pieces[0].ends[0].sequence
        }
    }

    func last(_ count: Int, of service: String?) -> [RecentLog.Line] {
        var lines: [RecentLog.Line] = []
        for kept in services where service == nil || kept.name == service { lines += kept.last(count) }
        if service == nil { lines.sort { $0.sequence < $1.sequence } }
        return lines.suffix(max(count, 0))
    }
}

extension Store.Kept {
    fileprivate func last(_ count: Int) -> [RecentLog.Line] {
        var rest = max(count, 0)
        var newestFirst: [RecentLog.Line] = []
        for piece in pieces.reversed() {
            for index in piece.ends.indices.reversed() {
                guard rest > 0 else { return newestFirst.reversed() }
                rest -= 1
                let start = index > 0 ? piece.ends[index - 1].end : 0
                var text = piece.text[start..<piece.ends[index].end]
                if text.last == UInt8(ascii: "\n") { text.removeLast() }
                newestFirst.append(
                    RecentLog.Line(
                        sequence: piece.ends[index].sequence, service: name, json: String(decoding: text, as: UTF8.self)
                    ))
            }
        }
        return newestFirst.reversed()
    }
}

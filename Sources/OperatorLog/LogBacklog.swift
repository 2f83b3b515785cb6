/// Lines that wait for the thread that writes them, in bounded memory; and the count of those for which there was no room.
///
/// A service may hold as much as is still free, and no more: one that floods leaves as much again for the others, two leave a
/// third. (Choudhury and Hahne's dynamic thresholds, 1998.) The supervisor's own lines may use all that is left, and
/// something is kept back for them alone: what they tell matters most when there is a flood.
///
/// What finds no room is dropped, not what came before it: the story that the reader gets has its gap in one place, where it
/// is said.
struct LogBacklog: Sendable {
    /// One who writes; lines and their shares are counted by it.
    struct Voice: Sendable {
        var name: String
        /// Bytes that are waiting or being written.
        var held = 0
        /// Lines dropped since that was last said.
        var lost = 0
    }

    /// What is written next, as one piece of memory.
    struct Batch: Sendable {
        var bytes: [UInt8] = []
        var lines: [Line] = []
        var losses = LogWriter.Losses()
    }

    struct Line: Sendable {
        /// Index among the voices.
        var voice: Int32
        var length: Int32
    }

    private var batch = Batch()
    private var voices: [Voice] = []
    /// Bytes waiting and being written.
    private var held = 0
    private let capacity: Int
    private let reserve: Int
    private let owner: String
    private(set) var totalLost = 0

    /// - Parameters:
    ///   - capacity: bytes that may wait, those that are being written included.
    ///   - reserve: how many of them are for the owner alone.
    ///   - owner: whose own log this is.
    init(capacity: Int, reserve: Int, owner: String) {
        self.capacity = capacity
        self.reserve = reserve
        self.owner = owner
    }

    var isEmpty: Bool { held == 0 }
    var hasNoneToTake: Bool { batch.lines.isEmpty }

    mutating func add(_ lines: LineBatch, of name: String) {
        let voice = index(of: name)
        let isOwner = name == owner
        for index in lines.ends.indices {
            let line = lines[index]
            let length = line.count
            let free = capacity - held - (isOwner ? 0 : reserve)
            guard length <= free, isOwner || voices[voice].held + length <= free else {
                voices[voice].lost += 1
                totalLost += 1
                continue
            }
            batch.bytes.append(contentsOf: lines.bytes[line])
            batch.lines.append(Line(voice: Int32(voice), length: Int32(length)))
            voices[voice].held += length
            held += length
        }
    }

    /// All that waits and all that was lost, to be written now; nil when there is nothing of either.
    mutating func take() -> Batch? {
        var taken = Batch()
        swap(&taken, &batch)
        for index in voices.indices where voices[index].lost > 0 {
            taken.losses.services[voices[index].name] = voices[index].lost
            voices[index].lost = 0
        }
        return taken.lines.isEmpty && taken.losses.services.isEmpty ? nil : taken
    }

    /// These lines of a batch are written: there is room again.
    mutating func wrote(_ lines: ArraySlice<Line>) {
        for line in lines {
            voices[Int(line.voice)].held -= Int(line.length)
            held -= Int(line.length)
        }
    }

    /// A line of ours that goes with a batch, beyond all bounds: how much was lost.
    mutating func append(_ text: String, to batch: inout Batch) {
        let voice = index(of: owner)
        let length = text.utf8.count
        batch.bytes.append(contentsOf: text.utf8)
        batch.lines.append(Line(voice: Int32(voice), length: Int32(length)))
        voices[voice].held += length
        held += length
    }

    /// They are few, and as many as there were ever services.
    private mutating func index(of name: String) -> Int {
        if let index = voices.firstIndex(where: { $0.name == name }) { return index }
        voices.append(Voice(name: name))
        return voices.endIndex - 1
    }
}

import APIKeys
import Foundation
import Synchronization
import TestSupport
import Testing

/// Keys that change while they are in use.
@Suite struct KeyKeeperTests {
    private static let a = "0123456789abcdef-a"
    private static let b = "0123456789abcdef-b"

    private final class Reports: Sendable {
        private let all = Mutex<[KeyReport]>([])
        @Sendable func add(_ report: KeyReport) { all.withLock { $0.append(report) } }
        /// Those since the last time.
        func take() -> [KeyReport] {
            all.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }

    private let folder: TestFolder
    private let reports = Reports()

    init() throws { folder = try TestFolder() }

    private var path: String { "\(folder.path)/keys" }

    /// Writes as an editor does: a new file takes the old one's place.
    private func write(_ text: String, mode: Int = 0o600) throws {
        let new = try folder.write("keys.new", text)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: new)
        #expect(rename(new, path) == 0)
    }

    private func keeper(at now: Double = 0) throws -> KeyKeeper {
        try KeyKeeper(KeySources(file: path), at: now, report: reports.add)
    }

    private func sent(_ key: String) -> Credentials { Credentials(authorization: ["Bearer \(key)"], apiKey: []) }

    private func label(_ verdict: KeyVerdict) -> String? {
        if case .holder(let key) = verdict { key.label } else { nil }
    }

    @Test func withoutKeysEverybodyMay() throws {
        let keeper = try KeyKeeper(KeySources(), at: 0)
        #expect(keeper.isOpen)
        for credentials in [Credentials.none, .ambiguous, sent(Self.a)] {
            #expect(keeper.judge(credentials, at: 0) == .open)
        }
    }

    @Test func withAnEmptyFileNobodyMay() throws {
        try write("# later\n")
        let keeper = try keeper()
        #expect(!keeper.isOpen && keeper.keys.keys.isEmpty)
        #expect(keeper.judge(.none, at: 0) == .refused(.missing))
        #expect(keeper.judge(sent(Self.a), at: 0) == .refused(.unknown))
        #expect(keeper.judge(.ambiguous, at: 0) == .refused(.ambiguous))
    }

    @Test func theFileIsLookedAtOnceASecond() throws {
        try write("one \(Self.a)")
        let keeper = try keeper()
        #expect(label(keeper.judge(sent(Self.a), at: 0)) == "one")
        try write("two \(Self.b)")
        #expect(label(keeper.judge(sent(Self.a), at: 0.9)) == "one")
        #expect(keeper.judge(sent(Self.a), at: 1) == .refused(.unknown))
        #expect(label(keeper.judge(sent(Self.b), at: 1)) == "two")
        let read = reports.take()
        #expect(read.count == 1)
        guard case .read(let change) = read.first else { return #expect(Bool(false), "\(read)") }
        #expect(change.count == 1 && change.added == ["two"] && change.removed == ["one"] && change.changed == [])
        for now in 2...9 { _ = keeper.judge(.none, at: Double(now)) }
        #expect(reports.take() == [])
    }

    @Test func aKeyIsExchangedUnderItsLabel() throws {
        try write("one \(Self.a)\ntwo 0123456789abcdef-c")
        let keeper = try keeper()
        try write("one \(Self.b)\ntwo 0123456789abcdef-c")
        #expect(label(keeper.judge(sent(Self.b), at: 1)) == "one")
        guard case .read(let change) = reports.take().first else { return #expect(Bool(false)) }
        #expect(change.changed == ["one"] && change.added == [] && change.removed == [])
    }

    /// Kubernetes mounts a file as a link to a link, and swaps the one in the middle.
    @Test func aLinkThatIsSwappedIsFollowed() throws {
        let files = FileManager.default
        for (name, text) in [("first", "one \(Self.a)"), ("second", "one \(Self.b)")] {
            try files.createDirectory(atPath: "\(folder.path)/..\(name)", withIntermediateDirectories: true)
            try folder.write("..\(name)/keys", text)
        }
        try files.createSymbolicLink(atPath: "\(folder.path)/..data", withDestinationPath: "..first")
        try files.createSymbolicLink(atPath: path, withDestinationPath: "..data/keys")
        let keeper = try keeper()
        #expect(label(keeper.judge(sent(Self.a), at: 1)) == "one")
        try files.createSymbolicLink(atPath: "\(folder.path)/..new", withDestinationPath: "..second")
        #expect(rename("\(folder.path)/..new", "\(folder.path)/..data") == 0)
        #expect(keeper.judge(sent(Self.a), at: 2) == .refused(.unknown))
        #expect(label(keeper.judge(sent(Self.b), at: 2)) == "one")
    }

    @Test func aBadFileKeepsTheOldKeysAndIsToldOnce() throws {
        try write("one \(Self.a)")
        let keeper = try keeper()
        try write("one short")
        for now in 1...5 { #expect(label(keeper.judge(sent(Self.a), at: Double(now))) == "one") }
        let told = reports.take()
        #expect(told.count == 1)
        guard case .kept(let problem) = told.first else { return #expect(Bool(false), "\(told)") }
        #expect(problem.line == 1 && problem.place == path)
        // Another mistake is told again, the same one after another change too.
        try write("one short")
        #expect(label(keeper.judge(sent(Self.a), at: 6)) == "one")
        #expect(reports.take().count == 1)
        unlink(path)
        for now in 7...9 { #expect(label(keeper.judge(sent(Self.a), at: Double(now))) == "one") }
        #expect(reports.take().count == 1)
        // And that all is well, though nothing is new.
        try write("one \(Self.a)")
        for now in 10...12 { #expect(label(keeper.judge(sent(Self.a), at: Double(now))) == "one") }
        let well = reports.take()
        #expect(well.count == 1)
        guard case .read = well.first else { return #expect(Bool(false), "\(well)") }
    }

    /// The clock of a file system moves in steps: what is written in the step in which it is read leaves no trace.
    @Test func whatIsWrittenInTheSameMomentIsFound() throws {
        try write("one \(Self.a)")
        var status = stat()
        #expect(stat(path, &status) == 0)
        let keeper = try keeper()
        // In place, as long as before, and with the times as before; only the change of times itself cannot be hidden.
        try Data("one \(Self.b)".utf8).write(to: URL(filePath: path))
        var times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        #expect(label(keeper.judge(sent(Self.b), at: 1)) == "one")
    }

    @Test func aFileThatOthersMayReadIsAWarningUnlessItHoldsDigests() throws {
        try write("one \(Self.a)", mode: 0o644)
        let keeper = try keeper()
        #expect(reports.take() == [.shared(file: path)])
        try write("one \(Self.a)", mode: 0o600)
        _ = keeper.judge(.none, at: 1)
        #expect(reports.take() == [])
        try write("one \(Self.a)", mode: 0o640)
        _ = keeper.judge(.none, at: 2)
        #expect(reports.take() == [.shared(file: path)])
        let digests = "# x \(Self.a)\none sha256:\(String(repeating: "a", count: 64))\n"
        try write(digests, mode: 0o644)
        _ = keeper.judge(.none, at: 3)
        #expect(!reports.take().contains(.shared(file: path)))
    }

    @Test func whatCannotBeReadIsRefusedAtTheStart() throws {
        for place in ["\(folder.path)/nowhere", folder.path, "/dev/zero", "\(folder.path)/pipe"] {
            if place.hasSuffix("pipe") { #expect(mkfifo(place, 0o600) == 0) }
            let problem = #expect(throws: KeyProblem.self) { try KeyKeeper(KeySources(file: place), at: 0) }
            #expect(problem?.description.hasPrefix("\(place): ") == true)
        }
        try write(String(repeating: "#\n", count: 1 << 20))
        #expect(throws: KeyProblem.self) { try keeper() }
    }

    @Test func allSourcesCountTogether() throws {
        try write("one \(Self.a)")
        let c = "0123456789abcdef-c"
        let keeper = try KeyKeeper(KeySources(file: path, list: "two:\(Self.b)", single: c), at: 0)
        #expect(label(keeper.judge(sent(Self.a), at: 0)) == "one")
        #expect(label(keeper.judge(sent(Self.b), at: 0)) == "two")
        #expect(label(keeper.judge(sent(c), at: 0)) == "default")
        let twice = #expect(throws: KeyProblem.self) {
            try KeyKeeper(KeySources(file: path, list: "one:\(Self.b)"), at: 0)
        }
        #expect(twice?.place == "COXSWAIN_API_KEYS")
    }

    @Test func eachKeyHasItsOwnRequests() throws {
        try write("slow \(Self.a) requests=2/min\nfast \(Self.b)")
        let keeper = try keeper()
        for _ in 0..<2 { #expect(label(keeper.judge(sent(Self.a), at: 0)) == "slow") }
        guard case .limited(let key, let seconds) = keeper.judge(sent(Self.a), at: 0) else {
            return #expect(Bool(false))
        }
        #expect(key.label == "slow" && seconds == 30)
        for _ in 0..<500 { #expect(label(keeper.judge(sent(Self.b), at: 0)) == "fast") }
        // Another key under the same label goes on with the same count; another limit begins anew.
        try write("slow 0123456789abcdef-c requests=2/min\nfast \(Self.b)")
        #expect(label(keeper.judge(sent("0123456789abcdef-c"), at: 1)) == nil)
        try write("slow 0123456789abcdef-c requests=3/min\nfast \(Self.b)")
        for _ in 0..<3 { #expect(label(keeper.judge(sent("0123456789abcdef-c"), at: 2)) == "slow") }
        #expect(label(keeper.judge(sent("0123456789abcdef-c"), at: 2)) == nil)
    }

    @Test func manyMayAskWhileTheFileChanges() async throws {
        try write("one \(Self.a)")
        let keeper = try keeper()
        let wrong = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let credentials = Credentials(authorization: ["Bearer \(Self.a)"], apiKey: [])
                    return (0..<2000).count { step in
                        if case .holder = keeper.judge(credentials, at: Double(step)) { false } else { true }
                    }
                }
            }
            for round in 0..<50 {
                try? write("one \(Self.a)\nother\(round) \(Self.b)")
                await Task.yield()
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}

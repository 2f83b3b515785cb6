import Glibc
import Intake
import TestSupport
import Testing

@Suite struct ResultFilesTests {
    private let folder: TestFolder
    private let moment = 1_700_000_000

    init() throws { folder = try TestFolder() }

    private var stamp: String { LocalTime(seconds: moment).fileStamp }

    private func store(
        _ name: String = "scan.pdf", mark: String = "nobody's", usesTemporaryFlag: Bool = true
    ) async throws -> ResultFiles.Paths {
        try await ResultFiles(folder: folder.path, usesTemporaryFlag: usesTemporaryFlag)
            .store(stem: SafeStem(fileName: name), seconds: moment, mark: mark) { kind, paths, sink in
                switch kind {
                case .markdown: try await sink.write("# text")
                case .json: try await sink.write("{\"json\":\"\(paths.json)\"}")
                }
            }
    }

    @Test(arguments: [true, false])
    func writesBothFiles(usesTemporaryFlag: Bool) async throws {
        let paths = try await store(usesTemporaryFlag: usesTemporaryFlag)
        #expect(folder.names() == ["\(stamp)_scan.json", "\(stamp)_scan.md"])
        #expect(paths.markdown == "\(folder.path)/\(stamp)_scan.md")
        #expect(folder.content(of: "\(stamp)_scan.md") == "# text")
        #expect(folder.content(of: "\(stamp)_scan.json") == "{\"json\":\"\(paths.json)\"}")
        #expect(folder.mode(of: "\(stamp)_scan.md") == 0o640)
        #expect(folder.mode(of: "\(stamp)_scan.json") == 0o640)
    }

    @Test(arguments: [true, false])
    func countsUpWhenANameIsTaken(usesTemporaryFlag: Bool) async throws {
        _ = try await store(usesTemporaryFlag: usesTemporaryFlag)
        _ = try await store(usesTemporaryFlag: usesTemporaryFlag)
        try folder.write("\(stamp)_scan_3.json", "mine")
        let paths = try await store(usesTemporaryFlag: usesTemporaryFlag)
        #expect(paths.markdown.hasSuffix("_scan_4.md"))
        #expect(
            folder.names() == [
                "\(stamp)_scan.json", "\(stamp)_scan.md", "\(stamp)_scan_2.json", "\(stamp)_scan_2.md",
                "\(stamp)_scan_3.json", "\(stamp)_scan_4.json", "\(stamp)_scan_4.md",
            ])
        #expect(folder.content(of: "\(stamp)_scan_3.json") == "mine")
    }

    @Test func whatAnEarlierLifeWroteIsKnown() async throws {
        let first = try await store()
        let other = try await store(mark: "another's")
        #expect(first != other)
        #expect(try await store(mark: first.json) == first)
        #expect(try await store(mark: other.json) == other)
        #expect(folder.names().count == 4)
    }

    @Test func givesManyAtOnceDifferentNames() async throws {
        let paths = try await withThrowingTaskGroup(of: ResultFiles.Paths.self) { group in
            for _ in 0..<40 { group.addTask { try await store() } }
            return try await group.reduce(into: Set<String>()) { $0.formUnion([$1.markdown, $1.json]) }
        }
        #expect(paths.count == 80)
        #expect(folder.names().count == 80)
    }

    @Test func namesFitIntoAFileSystem() async throws {
        let paths = try await store(String(repeating: "я", count: 500) + ".pdf")
        #expect(paths.json.split(separator: "/").last?.utf8.count ?? 256 <= 255)
    }

    @Test func saysWhyAFolderCannotBeWritten() async {
        let missing = ResultFiles(folder: "\(folder.path)/missing")
        let error = await #expect(throws: FileFailure.self) {
            try await missing.store(stem: SafeStem(fileName: nil), seconds: 0, mark: "x") { _, _, _ in }
        }
        #expect(error?.code == ENOENT)
        #expect(error?.description.contains("\(folder.path)/missing") == true)
        let file = ResultFiles(folder: "/proc/version")
        #expect(throws: FileFailure.self) { try file.prepare() }
    }

    @Test(arguments: [true, false])
    func aFileThatCannotBeWrittenLeavesNothing(usesTemporaryFlag: Bool) async {
        let files = ResultFiles(folder: folder.path, usesTemporaryFlag: usesTemporaryFlag)
        await #expect(throws: CancellationError.self) {
            try await files.store(stem: SafeStem(fileName: "a"), seconds: 0, mark: "x") { kind, _, sink in
                try await sink.write(String(repeating: "x", count: 600_000))
                if kind == .json { throw CancellationError() }
            }
        }
        #expect(folder.names() == [])
    }

    @Test func reportsAFullDisk() {
        let full = FileFailure(action: "write a file", folder: "/out", code: ENOSPC)
        #expect(full.isFull)
        #expect(full.description == "cannot write a file in /out: No space left on device")
    }
}

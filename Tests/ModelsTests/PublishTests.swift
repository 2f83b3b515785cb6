import Foundation
import Models
import TestSupport
import Testing

/// Whatever happens to the process that publishes, a folder is the old one or the new one.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PublishTests {
    private let root: TestFolder
    private let folder: ModelFolder

    init() throws {
        root = try TestFolder()
        folder = ModelFolder(root: root.path, manifest: ModelManifest(name: "M", folder: "M", required: ["a.txt"]))
    }

    /// - Returns: which one stands there; nil where none does, or a mixture, which is an issue.
    private func generation() -> String? {
        if folder.check() == .absent { return nil }
        #expect(folder.check().evidence?.isStamped == true, "\(folder.check())")
        var found: Set<String> = []
        for name in ["a.txt", "b.txt", "part/c.txt"] {
            let text = (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
            found.formUnion(text.split(separator: "\n").map(String.init))
        }
        #expect(found.count == 1, "\(found)")
        #expect(root.names(in: "M").sorted() == [ModelFolder.stampName, "a.txt", "b.txt", "part"])
        return found.count == 1 ? found.first : nil
    }

    private func publish(_ generation: Int, killedAt step: String? = nil) throws -> Int32 {
        try Shell.run(
            Programs.path("FolderWriter"), ["publish", root.path, "\(generation)"] + (step.map { [$0] } ?? [])
        ).status
    }

    @Test func appearsWholeAndReplaces() throws {
        #expect(try publish(1) == 0)
        #expect(generation() == "1" && root.names() == ["M"])
        #expect(try publish(2) == 0)
        #expect(generation() == "2" && root.names() == ["M"])
        // Somebody else's half-written one.
        try FileManager.default.removeItem(atPath: folder.path)
        try Folders.write("half", to: "\(folder.path)/a.txt")
        #expect(try publish(3) == 0)
        #expect(generation() == "3" && root.names() == ["M"])
        // A link to a folder elsewhere: the link goes, the folder stays.
        let elsewhere = try TestFolder()
        try FileManager.default.removeItem(atPath: folder.path)
        try elsewhere.write("mine", "x")
        symlink(elsewhere.path, folder.path)
        #expect(try publish(4) == 0)
        #expect(generation() == "4" && root.names() == ["M"] && elsewhere.names() == ["mine"])
    }

    @Test(arguments: ModelFolder.PublishStep.allCases, [true, false])
    func killedAtEachStep(step: ModelFolder.PublishStep, isReplacing: Bool) throws {
        if isReplacing { #expect(try publish(1) == 0) }
        let status = try publish(2, killedAt: step.rawValue)
        let isReached = isReplacing || ![.exchanged, .oldAside].contains(step)
        #expect(isReached ? status != 0 : status == 0)
        let isNew = ![.checked, .swept, .synced].contains(step)
        #expect(generation() == (isNew ? "2" : isReplacing ? "1" : nil))
        // The next one finishes or clears away.
        try folder.recover()
        #expect(generation() == (isNew || !isReplacing ? "2" : "1"))
        #expect(root.names() == ["M"])
        #expect(try publish(3) == 0)
        #expect(generation() == "3" && root.names() == ["M"])
    }

    /// As on a file system without exchange, between its two renames.
    @Test func nameMissingForAMomentIsPutBack() throws {
        #expect(try publish(1) == 0)
        rename(folder.path, folder.aside)
        try folder.recover()
        #expect(generation() == "1" && root.names() == ["M"])
        // With a new one that is whole, that one.
        #expect(try publish(2, killedAt: "synced") != 0)
        rename(folder.path, folder.aside)
        try folder.recover()
        #expect(generation() == "2" && root.names() == ["M"])
        // With one that is not, the old one, and the beginning is kept.
        try folder.prepareStaging()
        try Folders.write("x", to: "\(folder.staging)/a.txt")
        rename(folder.path, folder.aside)
        try folder.recover()
        #expect(generation() == "2" && root.names() == [".M.partial", "M"])
    }

    @Test func killedAtAnyMoment() throws {
        var last = -1
        for round in 0..<40 {
            let output = try root.write("out", "")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Programs.path("FolderWriter"))
            process.arguments = ["again", root.path, "\(last + 1)"]
            process.standardOutput = FileHandle(forWritingAtPath: output)
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let lines = Int.random(in: 0...4)
            var text = ""
            let isRunning = eventually {
                text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").count >= lines
            }
            #expect(isRunning)
            usleep(.random(in: 0...8000))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal, "\(process.terminationStatus)")
            unlink(output)
            // At most the one that was under way is more than what was told.
            let told = text.split(separator: "\n").compactMap { Int($0) }.last ?? last
            let found = generation().flatMap { Int($0) } ?? -1
            #expect(found >= told, "round \(round)")
            last = max(last, found)
        }
        #expect(last > 10)
        try folder.recover()
        #expect(generation().flatMap { Int($0) } ?? -1 >= last)
        #expect(root.names() == ["M"] || root.names() == [".M.partial", "M"])
    }

    @Test func whatIsNotStampedIsNotPublished() throws {
        try folder.prepareStaging()
        try Folders.write("x", to: "\(folder.staging)/a.txt")
        #expect(throws: FileFailure.self) { try folder.publish() }
        #expect(throws: FileFailure.self) {
            try folder.writeStamp(for: [ModelFile(path: "a.txt", size: 2)], revision: "r", source: "s")
        }
        #expect(throws: FileFailure.self) {
            try folder.writeStamp(for: [ModelFile(path: "../a.txt")], revision: "r", source: "s")
        }
        try folder.writeStamp(for: [ModelFile(path: "a.txt", size: 1)], revision: "r", source: "s")
        try Folders.write("xy", to: "\(folder.staging)/a.txt")
        #expect(throws: FileFailure.self) { try folder.publish() }
        #expect(folder.check() == .absent)
        // A stamp without what the manifest demands.
        try folder.prepareStaging()
        try Folders.write("x", to: "\(folder.staging)/b.txt")
        try folder.writeStamp(for: [ModelFile(path: "b.txt")], revision: "r", source: "s")
        #expect(throws: FileFailure.self) { try folder.publish() }
        // What an earlier attempt said of its files is forgotten.
        try folder.prepareStaging()
        #expect(access("\(folder.staging)/\(ModelFolder.stampName)", F_OK) != 0)
    }

    @Test func stagingLinkedElsewhereIsNotWrittenTo() throws {
        let elsewhere = try TestFolder()
        symlink(elsewhere.path, folder.staging)
        try folder.prepareStaging()
        try Folders.write("x", to: "\(folder.staging)/a.txt")
        #expect(elsewhere.names() == [])
    }
}

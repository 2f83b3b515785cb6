import Foundation
import OperatorConsole
import TestSupport
import Testing

@Suite(.serialized) struct TarArchiveTests {
    @Test func tarReadsIt() throws {
        let folder = try TestFolder()
        var archive = TarArchive(time: 1_795_341_600)
        let long = "bundle/" + String(repeating: "d", count: 120) + "/" + String(repeating: "n", count: 100)
        let contents: [(String, [UInt8])] = [
            ("bundle/empty", []), ("bundle/block", [UInt8](repeating: 65, count: 512)),
            ("bundle/bytes", (0...255).map { UInt8($0) } + [10]), (long, [1]),
            ("bundle/large", [UInt8](repeating: 7, count: 100_001)),
        ]
        for (path, bytes) in contents { try archive.add(path, bytes) }
        #expect(archive.data.count % 10240 == 0)
        try Data(archive.data).write(to: URL(fileURLWithPath: "\(folder.path)/a.tar"))
        let result = try Shell.run("tar", ["-C", folder.path, "-xvf", "\(folder.path)/a.tar"])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        for (path, bytes) in contents {
            let url = URL(fileURLWithPath: "\(folder.path)/\(path)")
            #expect(try [UInt8](Data(contentsOf: url)) == bytes)
            let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_795_341_600)
        }
        let python = try Shell.run(
            "python3",
            ["-c", "import tarfile,sys; print(len(tarfile.open(sys.argv[1]).getmembers()))", "\(folder.path)/a.tar"])
        #expect(python.status != 0 || python.output == "5\n")
    }

    @Test func aNameThatDoesNotFitIsRefused() {
        var archive = TarArchive(time: 0)
        #expect(throws: TarArchive.NameTooLong.self) { try archive.add(String(repeating: "n", count: 101), []) }
        #expect(throws: TarArchive.NameTooLong.self) {
            try archive.add(String(repeating: "d", count: 156) + "/n", [])
        }
        #expect(archive.data.count == 10240)
    }

    @Test func aFileAppearsWholeAndOverNobody() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/b.tar"
        try NewFile.write([1, 2, 3], to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 3)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let failure = #expect(throws: ConsoleFailure.self) { try NewFile.write([9], to: path) }
        #expect(failure?.code == .no && failure?.message.contains("not written over") == true)
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
        // Nor through a link that somebody laid there.
        symlink("\(folder.path)/elsewhere", "\(folder.path)/link.tar")
        #expect(throws: ConsoleFailure.self) { try NewFile.write([9], to: "\(folder.path)/link.tar") }
        #expect(throws: ConsoleFailure.self) { try NewFile.write([9], to: "\(folder.path)/none/c.tar") }
        #expect(throws: ConsoleFailure.self) { try NewFile.write([9], to: folder.path) }
        #expect(folder.names() == ["b.tar", "link.tar"])
    }

    @Test func aBundleMasksAndSaysWhatIsMissing() throws {
        let folder = try TestFolder()
        var bundle = Bundle(time: 1_795_341_600) { $0.replacing("hunter2", with: "***") }
        #expect(bundle.name == "coxswain-bundle-20261122T100000Z")
        bundle.add("a.txt", "password hunter2")
        let finder = ControlSocketFinder(named: ["\(folder.path)/none.sock"], stateDirectory: "")
        let answered = bundle.ask(ControlCaller(finder))
        #expect(!answered)
        let text = String(decoding: bundle.archive(), as: UTF8.self)
        #expect(text.contains("password ***\n") && !text.contains("hunter2"))
        #expect(text.contains("MISSING.txt") && text.contains("no coxswain answers"))
    }
}

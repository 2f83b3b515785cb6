import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Bad input gets a clear error and harms nothing.
    @Suite(.serialized) struct BadInput {
        @Test func eachIsRefusedWithItsReasonAndNothingFalls() throws {
            let container = try Container()
            try container.waitUntilReady()
            let folder = container.folder
            let pids = ProcessTable().below(container.supervisor)
                .filter { $0.program != "coxswain-render" }.map(\.pid)

            let garbage = try folder.write("garbage.pdf", String(repeating: "garbage\u{0}", count: 1000))
            let empty = try folder.write("empty.pdf", "")
            let whole = try Book.pages("en", 8...9, in: folder)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
            let truncated = "\(folder.path)/truncated.pdf"
            try bytes.prefix(2000).write(to: URL(fileURLWithPath: truncated))
            let encrypted = "\(folder.path)/encrypted.pdf"
            try Shell.run("qpdf", ["--encrypt", "secret", "owner", "256", "--", whole, encrypted])
            let zeros = "\(folder.path)/zeros.pdf"
            try Shell.run("truncate", ["-s", "100M", zeros])

            for (path, words) in [
                (garbage, ["PDF"]), (empty, ["empty"]), (truncated, ["damaged"]),
                (encrypted, ["password", "encrypted"]),
                (zeros, ["PDF"]),
            ] {
                let answer = try container.send(path)
                #expect((400..<500).contains(answer.status), "\(path): \(answer)")
                #expect(answer.body.contains("\"detail\""))
                #expect(words.contains { answer.body.contains($0) }, "\(path): \(answer)")
            }
            // No file at all, and no form at all.
            let noFile = try Shell.run(
                "curl", ["-s", "-w", " %{http_code}", "-F", "other=1", "http://127.0.0.1:\(container.port)/ocr/pdf"])
            #expect(noFile.output.hasSuffix(" 422"))
            let noForm = try Shell.run(
                "curl", ["-s", "-w", " %{http_code}", "-d", "x", "http://127.0.0.1:\(container.port)/ocr/pdf"])
            #expect(noForm.output.hasSuffix(" 415") || noForm.output.hasSuffix(" 422"))

            // Nothing was written for any of them, and the same processes are still up.
            #expect(folder.names(in: "output") == [".coxswain"])
            #expect(try container.get("/readyz").status == 200)
            let alive = ProcessTable().below(container.supervisor).map(\.pid)
            #expect(pids.allSatisfy { alive.contains($0) })
        }

        @Test func aFileNameIsNoPath() throws {
            let container = try Container()
            try container.waitUntilReady()
            let document = try Book.pages("en", 8...8, in: container.folder)
            let name = String(repeating: "щ", count: 300) + ".pdf"
            for fileName in ["../../etc/passwd", "/etc/shadow", "..", name] {
                let answer = try container.send(document, fileName: fileName)
                #expect(answer.status == 200, "\(answer)")
                let files = try Answer(answer.body).local_files
                for file in [files.markdown, files.json] {
                    #expect(file.hasPrefix("\(container.folder.path)/output/") && !file.contains(".."))
                    #expect(FileManager.default.fileExists(atPath: file))
                    let attributes = try FileManager.default.attributesOfItem(atPath: file)
                    #expect(attributes[.posixPermissions] as? Int == 0o640)
                }
            }
            #expect(!container.logged("passwd") && !container.logged("щщщ"))
        }

        @Test func aFullDiskRefusesNewWorkAndHurtsNothing() throws {
            let disk = try TestFolder()
            try #require(try Shell.run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.path]).status == 0)
            defer { _ = try? Shell.run("umount", ["-l", disk.path]) }
            let container = try Container(
                environment: ["OUTPUT_DIR": "\(disk.path)/output", "COXSWAIN_MIN_FREE_BYTES": "65536"])
            try container.waitUntilReady()
            let document = try Book.pages("en", 15...15, in: container.folder)
            let fill = "\(disk.path)/fill"
            // As much as there is room for.
            _ = try Shell.run("dd", ["if=/dev/zero", "of=\(fill)", "bs=64k"])
            let refused = try container.send(document)
            #expect(refused.status == 507 && refused.body.contains("no room"), "\(refused)")
            #expect(disk.names(in: "output") == [".coxswain"])
            #expect(try container.get("/readyz").status == 200)
            try FileManager.default.removeItem(atPath: fill)
            #expect(try container.send(document).status == 200)
        }
    }
}

import Foundation
import TestSupport
import Testing

/// The commands of docs/ that say `run: weights` do what they are said to do.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DocumentedCommandsTests {
    @Test func eachDoesWhatItIsSaidToDo() throws {
        let pages = try DocumentedCommands.run(by: .weights)
        #expect(pages.map(\.page).contains("docs/how-to/models.md") && pages.flatMap(\.blocks).count >= 5)
        for (_, blocks) in pages { try run(blocks) }
    }

    private func run(_ blocks: [DocumentedCommands.Block]) throws {
        let hoster = try Hoster()
        let model = ModelOnDisk(weightBytes: 100_000)
        for repository in ["PaddleOCR-VL", "PaddleOCR-VL-1.5", "PP-DocLayoutV3"] {
            try model.write(to: "\(hoster.root)/models/PaddlePaddle/\(repository)")
            for name in ["inference.yml", "inference.pdiparams"] {
                try Data("Global: {}\n".utf8).write(
                    to: URL(fileURLWithPath: "\(hoster.root)/models/PaddlePaddle/\(repository)/\(name)"))
            }
        }
        let folder = try TestFolder()
        try FileManager.default.copyItem(
            atPath: "\(hoster.root)/models/PaddlePaddle", toPath: "\(folder.path)/mounted")
        let variables = [
            "PATH": "\(Programs.folder):/usr/bin:/bin", "HOME": folder.path, "HF_ENDPOINT": hoster.url,
            "AWS_ENDPOINT_URL": hoster.url,
        ]
        // The page begins with everything there.
        #expect(try Shell.run(Programs.path("coxswain-preload"), environment: variables).status == 0)
        for block in blocks {
            guard case .run(_, .status(let status))? = block.mark else { continue }
            let lines = block.lines.compactMap { line -> String? in
                // Of an image's build file the commands alone.
                guard block.isForAShell else { return line.hasPrefix("RUN ") ? String(line.dropFirst(4)) : nil }
                return line
            }
            let here = lines.joined(separator: "\n").replacing("/mnt/usb/models", with: "\(folder.path)/mounted")
                .replacing("/mnt/models", with: "\(folder.path)/mounted")
                .replacing("=/models ", with: "=\(folder.path)/image ")
            let ended = try Shell.run("sh", ["-ec", "cd '\(folder.path)'\n\(here)"], environment: variables)
            #expect(ended.status == status, "\(block.place): \(ended.output)\(ended.errors)")
        }
    }
}

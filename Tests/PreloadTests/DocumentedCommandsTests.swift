import Foundation
import TestSupport
import Testing

/// The commands of docs/how-to/models.md and docs/how-to/offline.md do what they are said to do.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DocumentedCommandsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/how-to").path

    /// What is set as code and runs the program, or makes a folder for it.
    private func commands(_ page: String) throws -> [String] {
        try String(contentsOfFile: "\(Self.folder)/\(page)", encoding: .utf8).split(separator: "\n").compactMap {
            line in
            guard line.hasPrefix("    ") else { return nil }
            var command = line.dropFirst(4)
            if command.hasPrefix("$ ") { command = command.dropFirst(2) }
            if command.hasPrefix("RUN ") { command = command.dropFirst(4) }
            let begins = command.split(separator: " ").first { !$0.contains("=") }
            return begins == "coxswain-preload" || begins == "mkdir" ? String(command) : nil
        }
    }

    @Test(arguments: ["models.md", "offline.md"]) func theCommandsOf(_ page: String) throws {
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
        let commands = try commands(page)
        #expect(commands.count >= 5)
        for command in commands {
            let here = command.replacingOccurrences(of: "/mnt/usb/models", with: "\(folder.path)/mounted")
                .replacingOccurrences(of: "/mnt/models", with: "\(folder.path)/mounted")
                .replacingOccurrences(of: "=/models ", with: "=\(folder.path)/image ")
            let ended = try Shell.run("sh", ["-c", "cd '\(folder.path)' && \(here)"], environment: variables)
            // The one that shows what is said of an incomplete model.
            let isIncomplete = command == "COXSWAIN_OFFLINE=true coxswain-preload fetch PaddleOCR-VL-1.5"
            #expect(ended.status == (isIncomplete ? 69 : 0), "\(command): \(ended.output)\(ended.errors)")
        }
    }
}

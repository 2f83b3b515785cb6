import Foundation

/// The command lines of README.md and of the pages below docs/.
///
/// A command line stands in a fenced block whose info string says who runs it, or what it needs that tests do not have:
///
///     ```sh run: container
///     ```sh needs: a GPU
///
/// Behind a comma stands how it ends, where that is not with status 0: `run: container, exit status 1`; `…, until
/// interrupted` of a command that follows something.
package enum DocumentedCommands {
    /// Who runs the commands of a block.
    package enum Runner: String, Sendable, CaseIterable {
        /// Against a container with the CPU engine, as `make run` starts it.
        case container
        /// Against one with API keys, which may ask the world outside; what that is, the test plays.
        case outside
        /// Of `coxswain-preload`, with a model hoster of the test's own.
        case weights
        /// The examples of the API's own description.
        case examples
        /// The README's first steps.
        case make
        /// With the image that was built.
        case image

        /// The file that does it, below the repository's folder.
        package var file: String {
            switch self {
            case .container, .outside: "Tests/Scenarios/Documented.swift"
            case .weights: "Tests/PreloadTests/DocumentedCommandsTests.swift"
            case .examples: "Tests/APITests/OpenAPIExampleTests.swift"
            case .make: ".ci/readme"
            case .image: "Tests/Image/run"
            }
        }
    }

    /// What a command needs that no test has.
    package enum Need: String, Sendable, CaseIterable {
        case gpu = "a GPU"
        case cluster = "a cluster"
        case registry = "a registry"
    }

    package enum Mark: Sendable, Equatable {
        case run(Runner, Ending)
        case needs(Need)
    }

    package enum Ending: Sendable, Equatable {
        case status(Int32)
        /// It goes on until somebody has seen enough.
        case interrupted
    }

    package struct Block: Sendable {
        /// Below the repository's folder.
        package var page: String
        /// Of its first line of content, from 1.
        package var line: Int
        /// Behind the fence's backticks; nil for a block that is set off by spaces.
        package var info: String?
        package var lines: [String]

        package var text: String { lines.map { $0 + "\n" }.joined() }
        package var place: String { "\(page):\(line)" }

        /// Who runs it or what it needs, as its info string says; nil where that says neither.
        package var mark: Mark? {
            guard let info, let match = info.wholeMatch(of: /\w+ (run|needs): ([^,]+)(?:, (.+))?/) else { return nil }
            let (what, ending) = (String(match.2), match.3.map(String.init))
            if match.1 == "needs" { return ending == nil ? Need(rawValue: what).map(Mark.needs) : nil }
            guard let runner = Runner(rawValue: what) else { return nil }
            switch ending {
            case nil: return .run(runner, .status(0))
            case "until interrupted": return .run(runner, .interrupted)
            case .some(let words):
                guard let status = words.wholeMatch(of: /exit status (\d+)/).flatMap({ Int32($0.1) }) else {
                    return nil
                }
                return .run(runner, .status(status))
            }
        }

        /// It says that it is one of command lines.
        package var isForAShell: Bool {
            info.map { ["sh", "bash", "shell", "console"].contains($0.split(separator: " ").first ?? "") } ?? false
        }
    }

    /// Blocks that somebody runs, in the order in which they stand on their pages; pages by their names.
    package static func run(by runner: Runner) throws -> [(page: String, blocks: [Block])] {
        try pages().map { page in
            let blocks = try blocks(of: RepositoryFile.text(page), page: page).filter { block in
                if case .run(runner, _)? = block.mark { true } else { false }
            }
            return (page, blocks)
        }.filter { !$0.blocks.isEmpty }
    }

    /// README.md and all pages below docs/, below the repository's folder.
    package static func pages() throws -> [String] {
        let names = FileManager.default.enumerator(atPath: RepositoryFile.path("docs") + "/")
        let pages = names?.compactMap { $0 as? String }.filter { $0.hasSuffix(".md") }.sorted() ?? []
        return ["README.md"] + pages.map { "docs/\($0)" }
    }

    package static func blocks(of text: String, page: String) -> [Block] {
        var blocks: [Block] = []
        var open: Block?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(block)
                    open = nil
                } else {
                    open = Block(page: page, line: index + 2, info: String(line.dropFirst(3)), lines: [])
                }
            } else if open?.info != nil {
                open?.lines.append(String(line))
            } else if line.hasPrefix("    ") {
                if let last = blocks.last, last.info == nil, last.line + last.lines.count == index + 1 {
                    blocks[blocks.count - 1].lines.append(String(line.dropFirst(4)))
                } else {
                    blocks.append(Block(page: page, line: index + 1, info: nil, lines: [String(line.dropFirst(4))]))
                }
            }
        }
        return blocks + (open.map { [$0] } ?? [])
    }

    // MARK: What looks like a command

    private static let programs: Set<String> = [
        "apt", "apt-get", "aws", "bash", "buildah", "cat", "cd", "chmod", "cp", "curl", "docker", "echo", "export",
        "git",
        "helm", "jq", "kill", "kubectl", "kustomize", "ls", "make", "mkdir", "mv", "nvidia-smi", "openssl", "oras",
        "podman",
        "printf", "promtool", "python3", "rm", "sed", "sh", "skopeo", "sudo", "swift", "systemctl", "tar", "wget",
    ]

    /// Whether a line of a block begins with a program, behind `$ ` and variables that are set for it.
    package static func isCommand(_ line: String) -> Bool {
        var words = line.split(separator: " ")[...]
        if words.first == "$" { return words.count > 1 }
        while let word = words.first, word.firstMatch(of: /^[A-Za-z_]+=/) != nil {
            // What a variable is set to may be a program's output.
            if word.contains("=$(") || word.contains("=`") { return true }
            words = words.dropFirst()
        }
        guard let word = words.first else { return false }
        return programs.contains(String(word)) || word.wholeMatch(of: /coxswain(-[a-z]+)?/) != nil
            || ["./", "etc/", ".ci/", "Benchmarks/", "Tests/", ".build/"].contains(where: word.hasPrefix)
    }
}

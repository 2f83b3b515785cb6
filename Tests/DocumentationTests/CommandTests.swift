import Foundation
import TestSupport
import Testing

/// Every command line of README.md and docs/ is run by somebody, or says what it needs that tests do not have.
@Suite struct CommandTests {
    @Test func everyCommandIsRunOrSaysWhatItNeeds() throws {
        let pages = try DocumentedCommands.pages()
        #expect(pages.count > 20 && pages.contains("docs/tutorial.md"))
        for page in pages {
            for block in DocumentedCommands.blocks(of: try RepositoryFile.text(page), page: page)
            where block.mark == nil {
                #expect(
                    !block.isForAShell,
                    "\(block.place): a block of commands says who runs it, `sh run: container`, or what it needs, `sh needs: a GPU`; see Tests/TestSupport/DocumentedCommands.swift"
                )
                for line in block.lines where DocumentedCommands.isCommand(line) {
                    Issue.record("\(block.place): a command outside of a marked block: \(line)")
                }
            }
        }
    }

    /// Whoever is named does read the pages.
    @Test(arguments: DocumentedCommands.Runner.allCases)
    func whoeverIsNamedRunsThem(_ runner: DocumentedCommands.Runner) throws {
        let text = try RepositoryFile.text(runner.file)
        #expect(text.contains("documented") || text.contains("DocumentedCommands"), "\(runner.file)")
        #expect(text.contains(runner.rawValue), "\(runner.file)")
        #expect(try !DocumentedCommands.run(by: runner).isEmpty, "nobody needs \(runner)")
    }

    private let page = """
        # Page

        ```sh run: container
        curl http://localhost:8081/health
        ```

        ```sh run: container, exit status 1
        coxswain explain
        ```

        ```sh run: outside, until interrupted
        a
        b
        ```

        ```sh needs: a GPU
        docker run --gpus all
        ```

        Text.

            set off by spaces
            $ X=1 curl there

        ```text
        -e X=y
        ```
        ```sh
        ```
        ```sh run: nobody
        ```
        ```sh needs: patience
        ```
        ```sh run: container, exit status many
        """

    @Test func marksAreRead() {
        let blocks = DocumentedCommands.blocks(of: page, page: "p.md")
        #expect(
            blocks.map(\.mark) == [
                .run(.container, .status(0)), .run(.container, .status(1)), .run(.outside, .interrupted), .needs(.gpu),
                nil, nil, nil, nil, nil, nil,
            ])
        #expect(blocks[0].text == "curl http://localhost:8081/health\n" && blocks[0].place == "p.md:4")
        #expect(blocks[2].lines == ["a", "b"])
        #expect(blocks[4].info == nil && blocks[4].lines == ["set off by spaces", "$ X=1 curl there"])
        #expect(blocks.map(\.isForAShell) == [true, true, true, true, false, false, true, true, true, true])
    }

    @Test(arguments: [
        ("curl -F file=@x http://localhost", true), ("$ anything", true), ("A=1 B=2 coxswain-preload fetch", true),
        ("id=$(curl x)", true), ("etc/test/s3-server /tmp/s3 9000", true), ("coxswain status   every service", true),
        ("COXSWAIN_OFFLINE=true", false), ("-e X=y docker", false), ("RUN coxswain-preload fetch", false),
        ("engine   coxswain-shim ── vLLM", false), ("\"deliveries\": []", false), ("", false), ("$", false),
        ("coxswain: word", false),
    ]) func commandsAreFound(line: String, isOne: Bool) {
        #expect(DocumentedCommands.isCommand(line) == isOne, "\(line)")
    }
}

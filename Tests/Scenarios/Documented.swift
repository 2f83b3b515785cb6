import Foundation
import ObjectStore
import StoreSettings
import TestSupport
import Testing

extension Scenarios {
    /// The command lines of README.md and docs/ that say `run: container` or `run: outside`, as they stand there: those of a page
    /// one after the other in one shell, in a folder with a document, with our programs in PATH.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct Documented {
        /// Long enough to be caught in the middle of.
        private static let document = NumberedDocument(7, pages: 4, lines: NumberedDocument.mostLines)

        private static func lay(_ names: [String], in folder: String) throws {
            for name in names {
                try Data(document.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
        }

        @Test func thoseOfARunningContainer() throws {
            // An ordinary process, as `make run` starts it: what it says of process ids holds for who reads it.
            let container = try Container(isProcessOne: false)
            try Self.lay(["document.pdf"], in: container.folder.path)
            let shell = DocumentationShell(
                folder: container.folder.path, port: container.port,
                environment: [
                    "OUTPUT_DIR": "\(container.folder.path)/output",
                    "COXSWAIN_LISTEN": "127.0.0.1:\(container.port)",
                ])
            for (page, blocks) in try DocumentedCommands.run(by: .container) {
                // What the last page asked for has begun, and is over.
                usleep(300_000)
                try container.waitUntilReady()
                let ended = try shell.run(blocks)
                #expect(ended.status == 0, "\(page): \(ended.errors)\n\(ended.output)")
                #expect(!ended.output.isEmpty, "\(page)")
            }
            // What the tutorial ends with: the whole text, though the engine was killed over it.
            let text = try String(contentsOfFile: "\(container.folder.path)/document.md", encoding: .utf8)
            #expect(Self.document.order(in: text) == Array(1...Self.document.pages))
            #expect(container.count("killed by SIGKILL") > 0)
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }

        /// Keys, URLs, webhooks, S3. Who https://example.com is, and what lies in the buckets, this says.
        @Test func thoseThatReachOutside() throws {
            let document = Self.document.bytes
            let elsewhere = try HostileHost { request in
                request.path.hasPrefix("/hooks/") ? .init(204) : .init(200, ["Content-Type: application/pdf"], document)
            }
            let store = S3Server.isMissing == nil ? try S3Server.shared.get() : nil
            let keys = try TestFolder()
            let file = try keys.write("keys", "nobody 0123456789abcdef\n")
            var environment = FingerprintEngine.environment.merging([
                "COXSWAIN_API_KEYS_FILE": file, "COXSWAIN_URL_SOURCES": "true", "COXSWAIN_WEBHOOKS": "true",
                "COXSWAIN_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                "COXSWAIN_EGRESS_NETWORKS": "127.0.0.0/8",
            ]) { $1 }
            if let store {
                environment.merge(store.environment) { $1 }
                environment["COXSWAIN_S3_ALLOW"] = "s3://\(S3Server.bucket)/"
            }
            let container = try Container(
                settings: FingerprintEngine.services(answer: 0), environment: environment, isProcessOne: false)
            let folder = container.folder.path
            try Self.lay(["document.pdf", "scan.pdf"], in: folder)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/keys", withDestinationPath: file)
            try container.waitUntilReady()
            if let store { try Self.upload(scan: "\(folder)/scan.pdf", to: store) }

            let shell = DocumentationShell(
                folder: folder, port: container.port,
                // What a receiver of webhooks has in his hands.
                environment: [
                    "ID": "1", "TIMESTAMP": "2", "BODY": "{}", "SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                ],
                replacing: [
                    "https://example.com": "http://127.0.0.1:\(elsewhere.port)",
                    "s3://inbox/": "s3://\(S3Server.bucket)/inbox/",
                    "s3://archive/": "s3://\(S3Server.bucket)/archive/",
                ])
            // The page on keys makes one, and sends it itself; on all others requests have it.
            let pages = try DocumentedCommands.run(by: .outside)
            let first = "docs/how-to/keys.md"
            #expect(pages.contains { $0.page == first })
            for (page, blocks) in pages.sorted(by: { ($0.page == first ? 0 : 1) < ($1.page == first ? 0 : 1) })
            where store != nil || page != "docs/how-to/s3.md" {
                let ended =
                    page == first
                    // The file that it writes is looked at once a second.
                    ? try shell.run(
                        blocks,
                        between: "until curl http://localhost:8081/jobs -H \"X-Api-Key: $KEY\"; do sleep 0.1; done")
                    : try shell.run(blocks, withKey: true)
                #expect(ended.status == 0, "\(page): \(ended.errors)\n\(ended.output)")
                #expect(!ended.output.isEmpty, "\(page)")
            }
        }

        private static func upload(scan: String, to server: S3Server) throws {
            let store = ObjectStore(try ObjectStoreSettings(environment: server.environment))
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: scan))
            try store.put(
                file.fileDescriptor, bytes: document.bytes.count,
                to: try #require(ObjectPlace("s3://\(S3Server.bucket)/inbox/scan.pdf")), contentType: "application/pdf",
                isCancelled: { false })
        }
    }
}

/// A shell for documented command lines. The container's port 8081 is another one here.
private struct DocumentationShell {
    var folder: String
    var port: UInt16
    var environment: [String: String]
    var replacing: [String: String] = [:]

    /// Runs blocks in one shell; variables last from one to the next, and from one call to the next.
    ///
    /// - Returns: status 0 when all ended as they are said to; else the last block that `errors` names is the one that did not.
    ///
    /// - Parameter between: what is waited for after each block.
    func run(
        _ blocks: [DocumentedCommands.Block], withKey: Bool = false, between: String = ""
    ) throws -> Shell.Result {
        var variables = environment
        variables["PATH"] = "\(Programs.folder):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        variables["HOME"] = folder
        return try Shell.run("bash", ["-c", script(blocks, withKey, between)], environment: variables)
    }

    private func script(_ blocks: [DocumentedCommands.Block], _ withKey: Bool, _ between: String) -> String {
        let key = withKey ? "-H \"X-Api-Key: $KEY\"" : ""
        var script = """
            set -uo pipefail
            cd '\(folder)'
            # What is set lasts, also for programs and the next page.
            set -a
            [ ! -e .variables ] || . ./.variables
            curl() { command curl -sS --fail-with-body --connect-to localhost:8081:127.0.0.1:\(port) \(key) "$@"; }
            export -f curl

            """
        for block in blocks {
            script += "echo '\(block.place)' >&2\n"
            var text = block.text.replacing("/workspace/output", with: "\(folder)/output")
            for (name, real) in replacing { text = text.replacing(name, with: real) }
            switch block.mark {
            case .run(_, .interrupted):
                // In a group of its own, which is ended when something has come of it: by SIGKILL, since whom a thread of these
                // tests starts inherits its blocked signals.
                script += """
                    rm -f .seen; setsid bash -c \(quoted(text)) >.seen & follower=$!
                    for _ in {1..100}; do [ -s .seen ] && break; sleep 0.1; done
                    kill -KILL -- -$follower; wait $follower; [ -s .seen ] || exit 1; cat .seen

                    """
            case .run(_, .status(let status)) where status != 0:
                script +=
                    "(\nset -e\n\(text))\nended=$?; [ $ended -eq \(status) ] || { echo \"status $ended\" >&2; exit 1; }\n"
            default:
                script += "set -e\n\(text)set +e\n"
            }
            if !between.isEmpty { script += "timeout 10 bash -c \(quoted(between)) >/dev/null 2>&1\n" }
        }
        return script + "declare -p KEY >.variables 2>/dev/null; exit 0\n"
    }

    private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Secrets and documents go in wherever something can go in, and come out nowhere that an operator looks.
    @Suite(.serialized) struct NothingIsTold {
        /// What went in, by where. Only letters, digits and dashes, so that it reads the same however it is escaped.
        private static let canaries = [
            "file name": "kanarienvogel", "text of the document": "quartzfalcon",
            "password of the document": "pw-93417-canary",
            "idempotency key": "idem-55120-canary", "key of the api": "apikey-1234567890-canary",
            "wrong key": "wrongkey-0987654321-canary", "token": "hf_7781234canary7781234canary",
            "secret of the store": "s3secret-4471-canary", "secret of a service": "service-7712-canary",
            "printed bearer": "bearer-99812-canary", "printed address": "address-4410-canary",
            "path": "path-8812-canary",
            "query": "query-8813-canary", "prompt": "prompt-6621-canary", "argument": "argument-3317-canary",
        ]
        private static func canary(_ name: String) -> String { canaries[name] ?? "" }

        /// One line of text, as large as a heading.
        private static let document = """
            %PDF-1.4
            1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
            2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
            3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>> endobj
            4 0 obj <</Length 57>> stream
            BT /F1 40 Tf 60 90 Td (\(canary("text of the document"))) Tj ET
            endstream endobj
            5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
            trailer <</Root 1 0 R>>
            """

        /// Says its secrets once it is told to, and fails.
        private static func chatter(_ signal: String) -> String {
            """
            until [ -e \(signal) ]; do sleep 0.1; done
            echo "ERROR my token is $SERVICE_TOKEN"
            echo 'Authorization: Bearer \(canary("printed bearer"))'
            echo 'fetching https://user:\(canary("printed address"))@example.org/'
            echo "reading file '/tmp/\(canary("file name")).pdf'"
            exit 3
            """
        }

        private static func settings(_ script: String) -> String {
            """
            [service.chatter]
            command = ["/bin/bash", "\(script)", "--api-key", "\(canary("argument"))"]
            environment = { SERVICE_TOKEN = "\(canary("secret of a service"))" }
            restart = { backoff = ["0s", "0s", "0s"], failed-starts = 1, limit = 1 }
            """
        }

        @Test func notInAnyLineStatusMetricBundleOrLastWord() throws {
            let place = try TestFolder()
            let lastWord = try place.write("termination-log", "")
            let signal = "\(place.path)/signal"
            let container = try Container(
                settings: Self.settings(try place.write("chatter.sh", Self.chatter(signal))),
                environment: [
                    "COXSWAIN_API_KEYS": "operator:\(Self.canary("key of the api"))",
                    "HF_TOKEN": Self.canary("token"), "CLOUDRU_S3_SECRET_KEY": Self.canary("secret of the store"),
                    "COXSWAIN_TERMINATION_LOG": lastWord, "COXSWAIN_LOG_LEVEL": "debug",
                ])
            try container.waitUntilReady()
            let looks = Looks(container)

            let file = try place.write("\(Self.canary("file name")).pdf", Self.document)
            let broken = try place.write(
                "\(Self.canary("file name"))-2.pdf", "%PDF-1.4 \(Self.canary("text of the document"))")
            let form = ["-F", "file=@\(file)", "-F", "password=\(Self.canary("password of the document"))"]
            let key = ["-H", "Authorization: Bearer \(Self.canary("key of the api"))"]
            let answer = try looks.curl(
                "/ocr/pdf", key + form + ["-H", "Idempotency-Key: \(Self.canary("idempotency key"))"])
            // It has gone all the way, or nothing is proved.
            #expect(answer.lowercased().contains(Self.canary("text of the document")), "\(answer)")
            _ = try looks.curl("/ocr/pdf", key + ["-F", "file=@\(broken)"])
            _ = try looks.curl("/ocr/image", key + ["-F", "file=@\(file)", "-F", "prompt=\(Self.canary("prompt"))"])
            _ = try looks.curl("/ocr/pdf", form + ["-H", "X-Api-Key: \(Self.canary("wrong key"))"])
            _ = try looks.curl("/\(Self.canary("path"))/x?q=\(Self.canary("query"))", key)
            kill(try #require(container.processes("coxswain-tesseract").first), SIGKILL)
            #expect(eventually { container.logged("engine failed after") })
            try container.waitUntilReady()
            kill(try container.awaitRunning("coxswain-ocr", "serve"), SIGKILL)
            #expect(eventually { container.logged("api failed after") })
            try container.waitUntilReady()

            try looks.collect(key)
            _ = try place.write("signal", "")
            #expect(try container.exitCode() == 75)
            looks.found["log"] = container.log
            looks.found["termination message"] = try String(contentsOfFile: lastWord, encoding: .utf8)
            #expect(looks.found["termination message"]?.contains("chatter") == true)
            #expect(container.log.contains("my token is ***") && container.log.contains("https://***@example.org"))
            for (place, text) in looks.found {
                #expect(!text.isEmpty, "\(place) is empty")
                for (name, canary) in Self.canaries {
                    let line = text.split(separator: "\n").first { $0.lowercased().contains(canary.lowercased()) }
                    #expect(line == nil, "the \(name) is in the \(place): \(line ?? "")")
                }
            }
        }

        /// Everything that is there to be looked at.
        private final class Looks {
            private let container: Container
            var found: [String: String] = [:]

            init(_ container: Container) { self.container = container }

            func curl(_ target: String, _ arguments: [String]) throws -> String {
                try Shell.run("curl", ["-s", "-m", "60"] + arguments + ["http://127.0.0.1:\(container.port)\(target)"])
                    .output
            }

            func collect(_ key: [String]) throws {
                for target in ["/health", "/livez?verbose", "/readyz?format=json&verbose", "/"] {
                    found["answer to \(target)"] = try container.get(target).body
                }
                found["metrics"] = try curl("/metrics", key)
                let socket = "\(container.folder.path)/output/.coxswain/control.sock"
                for target in ["state", "services", "logs?n=all", "events?n=all", "explain", "config", "version"] {
                    found["control socket's \(target)"] =
                        try Shell.run("curl", ["-s", "--unix-socket", socket, "http://x/v1/\(target)"]).output
                }
                for command in [
                    ["status"], ["status", "--json"], ["logs", "-n", "all"], ["events", "-n", "all"], ["explain"],
                    ["bundle", "-o", "-"], ["config", "--config", "\(container.folder.path)/coxswain.toml"],
                ] {
                    found["output of \(command.joined(separator: " "))"] =
                        try Shell.run(
                            Programs.path("coxswain"), command,
                            environment: [
                                "PATH": "/usr/bin:/bin", "COXSWAIN_CONTROL_SOCKET": socket,
                                "COXSWAIN_ENGINE": "tesseract",
                                "HF_TOKEN": NothingIsTold.canary("token"),
                            ]
                        ).output
                }
            }
        }
    }
}

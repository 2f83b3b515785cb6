import Foundation
import OpenAPI
import TestSupport
import Testing

/// `/docs`, for browsers and for terminals.
@Suite struct HelpTests {
    private static let page = HelpPage.page(version: "1.2.3<&>")

    @Test func thePageNeedsNobodyElse() throws {
        for part in [
            "<script", "<img", "<iframe", "<object", "<link", "@import", "url(", "style=", "javascript:", "onclick",
        ] {
            #expect(!Self.page.contains(part), "\(part)")
        }
        for match in Self.page.matches(of: /(?:href|src)="([^"]*)"/) {
            #expect(match.1.hasPrefix("#") || match.1 == "/openapi.json", "\(match.1)")
        }
        #expect(Self.page.contains("1.2.3&lt;&amp;&gt;"))
    }

    @Test func itsStyleIsTheOneThatThePolicyAllows() throws {
        let start = try #require(Self.page.range(of: "<style>")).upperBound
        let end = try #require(Self.page.range(of: "</style>")).lowerBound
        let folder = try TestFolder()
        let file = try folder.write("style", String(Self.page[start..<end]))
        let expected = try Shell.run(
            "/usr/bin/python3",
            [
                "-c",
                "import base64,hashlib;print(base64.b64encode(hashlib.sha256(open('\(file)','rb').read()).digest()).decode())",
            ])
        #expect(expected.status == 0)
        let digest = expected.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(digest.count == 44 && HelpPage.policy.contains("style-src 'sha256-\(digest)'"), "\(HelpPage.policy)")
        #expect(HelpPage.policy.hasPrefix("default-src 'none'; ") && !HelpPage.policy.contains("unsafe"))
    }

    @Test func everyLinkInThePageLeadsSomewhere() throws {
        let places = Set(Self.page.matches(of: /id="([^"]*)"/).map { String($0.1) })
        let links = Self.page.matches(of: /href="#([^"]*)"/).map { String($0.1) }
        #expect(links.count > 50)
        for link in links { #expect(places.contains(link), "\(link)") }
        let all = Self.page.matches(of: /id="([^"]*)"/).count
        #expect(places.count == all)
    }

    @Test func bothShowEverything() throws {
        let text = HelpText.text()
        for operation in APIDocument.operations {
            #expect(Self.page.contains("id=\"\(operation.name)\""))
            #expect(text.contains("\(operation.method) \(operation.path)\n"))
            for example in operation.examples {
                let line = example.line(at: APIDocument.standardServer)
                #expect(!line.contains("{server}") && !line.contains("{key}"))
                #expect(text.contains(line))
                let escaped = line.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
                #expect(Self.page.contains("<pre><code>\(escaped)</code></pre>"))
            }
        }
        for line in text.split(separator: "\n") where !line.contains("$ ") && !line.contains("-d '") {
            #expect(line.count <= 120, "\(line)")
        }
        #expect(!text.contains("<") && text.contains("password"))
    }

    @Test func tagsAreBalanced() throws {
        var open: [String] = []
        for match in Self.page.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/) {
            let name = String(match.2)
            if ["meta", "br"].contains(name) { continue }
            if match.1.isEmpty { open.append(name) } else { #expect(open.popLast() == name) }
        }
        #expect(open.isEmpty)
    }
}

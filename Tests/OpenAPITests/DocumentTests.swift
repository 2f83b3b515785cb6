import Foundation
import OpenAPI
import TestSupport
import Testing

/// The description as such; `APITests` hold it against an api.
@Suite struct DocumentTests {
    private static let document = APIDocument.document(version: "1.2.3")

    /// With COXSWAIN_WRITE_DOCUMENTATION set, the file is written instead.
    @Test func theResultsSchemaIsThatOfTheContract() throws {
        let path = RepositoryFile.path("etc/schema/result.json")
        if ProcessInfo.processInfo.environment["COXSWAIN_WRITE_DOCUMENTATION"] != nil {
            try (Schemas.resultFile.page(columns: 120) + "\n").write(toFile: path, atomically: false, encoding: .utf8)
        }
        let written = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let ours = try JSONSerialization.jsonObject(with: Data(Schemas.resultFile.line().utf8))
        #expect(
            (written as? NSDictionary) == (ours as? NSDictionary),
            "COXSWAIN_WRITE_DOCUMENTATION=1 swift test --filter OpenAPITests writes \(path)")
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        var count = 0
        for target in Self.references(in: Self.document) {
            var place: JSON? = Self.document
            for step in target.split(separator: "/").dropFirst() { place = place?[String(step)] }
            #expect(place != nil, "\(target)")
            count += 1
        }
        #expect(count > 100)
    }

    private static func references(in value: JSON) -> [String] {
        value.members.flatMap { member in
            member.name == "$ref" ? [member.value.text ?? ""] : references(in: member.value)
        } + value.elements.flatMap(references)
    }

    @Test func operationsHaveNamesOfTheirOwnAndGoodAnswers() throws {
        let names = APIDocument.operations.map(\.name)
        #expect(Set(names).count == names.count)
        for operation in APIDocument.operations {
            let statuses = operation.answers.map(\.status)
            #expect(statuses.contains { (200..<300).contains($0) }, "\(operation.name)")
            #expect(statuses == Set(statuses).sorted(), "\(operation.name)")
            #expect(operation.isOpen || statuses.contains(401), "\(operation.name)")
            #expect(
                Set(statuses).isSubset(
                    of: Set(statuses.filter { ![429, 503].contains($0) || operation.asksForPatience($0) })))
            let parameters = operation.parameters.filter { $0.place == .path }.map { "{\($0.name)}" }
            #expect(operation.path.split(separator: "/").filter { $0.hasPrefix("{") }.map(String.init) == parameters)
            #expect(operation.body == nil || operation.method == "POST")
        }
    }

    @Test(arguments: [
        ("/", "GET, HEAD"), ("/livez", "GET, HEAD"), ("/docs", "GET, HEAD"), ("/openapi.json", "GET, HEAD"),
        ("/ocr/pdf", "POST"), ("/jobs", "GET, HEAD, POST"), ("/jobs/1", "GET, HEAD, DELETE"),
        ("/jobs/1/events", "GET, HEAD"), ("/jobs/1/result", "GET, HEAD"), ("/jobs/{id}", "GET, HEAD, DELETE"),
        ("/jobs/", nil), ("/jobs/1/", nil), ("/jobs/1/other", nil), ("/jobs/1/result/x", nil), ("/livez/", nil),
        ("//", nil), ("", nil), ("/ocr", nil), ("/ocr/pdf/1", nil),
    ]) func methodsAreFoundByPath(path: String, methods: String?) {
        #expect(APIDocument.methods(of: path) == methods)
    }

    @Test func jsonIsWrittenAsItShouldBe() throws {
        let value: JSON = [
            "z": "a\"\\\n\u{1}é😀", "a": [1, 2.5, true, nil], "empty": [:], "none": [],
        ]
        #expect(
            value.line() == #"{"z":"a\"\\\n\u0001é😀","a":[1,2.5,true,null],"empty":{},"none":[]}"#)
        #expect(["a": ["b": 1]] as JSON == (["a": ["b": 1]] as JSON))
        #expect((["a": ["b": 1]] as JSON).page(columns: 10) == "{\n  \"a\": {\n    \"b\": 1\n  }\n}")
        for text in [value.line(), value.page(columns: 1), Self.document.page()] {
            let read = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            #expect(read?["z"] as? String == "a\"\\\n\u{1}é😀" || read?["openapi"] as? String == "3.1.1")
        }
        #expect((["a": 1, "b": 2] as JSON).adding(["a": 3, "c": 4]).line() == #"{"a":3,"b":2,"c":4}"#)
    }
}

extension OpenAPI.Operation {
    /// Whether an answer of that status says when to come again.
    fileprivate func asksForPatience(_ status: Int) -> Bool {
        answers.contains { $0.status == status && $0.headers.contains("Retry-After") }
    }
}

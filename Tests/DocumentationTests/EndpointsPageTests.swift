import Foundation
import OpenAPI
import TestSupport
import Testing

/// docs/reference/endpoints.md is what the API says of itself.
@Suite(.serialized) struct EndpointsPageTests {
    private static let page = "docs/reference/endpoints.md"

    @Test(arguments: OpenAPI.Operation.Group.allCases) func operations(_ group: OpenAPI.Operation.Group) throws {
        let text = ReferenceText.endpoints(group, runner: DocumentedCommands.Runner.examples.rawValue)
        let isInPlace = try GeneratedText.isInPlace(text, in: Self.page, at: group.rawValue.lowercased())
        #expect(isInPlace, "\(Self.page): \(GeneratedText.hint)")
        for operation in APIDocument.operations where operation.group == group {
            #expect(text.contains("### \(operation.method) \(operation.path)\n"))
        }
    }

    @Test func schemas() throws {
        let isInPlace = try GeneratedText.isInPlace(ReferenceText.schemas, in: Self.page, at: "schemas")
        #expect(isInPlace, "\(Self.page): \(GeneratedText.hint)")
    }
}

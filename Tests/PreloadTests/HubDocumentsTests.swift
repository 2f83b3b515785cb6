import Models
import Preload
import Testing

@Suite struct HubDocumentsTests {
    private static let digest = String(repeating: "ab", count: 32)
    private static let blob = String(repeating: "cd", count: 20)

    @Test func readsATreeAsTheHubWritesIt() throws {
        let document = """
            [{"type":"directory","oid":"\(Self.blob)","size":0,"path":"processor"},
             {"type":"file","oid":"\(Self.blob)","size":12,"path":"config.json"},
             {"type":"file","oid":"\(Self.blob)","size":7000000000,"lfs":{"oid":"\(Self.digest)","size":7000000000,
              "pointerSize":135},"path":"model.safetensors","xetHash":"x"}]
            """
        let entries = try HubDocuments.entries(Array(document.utf8))
        #expect(entries.map(\.file.path) == ["config.json", "model.safetensors"])
        #expect(entries[0].gitBlob == Self.blob && entries[0].file.sha256 == nil)
        #expect(entries[1].gitBlob == nil && entries[1].file.sha256 == Self.digest)
        #expect(entries[1].file.size == 7_000_000_000)
    }

    @Test(arguments: [
        #"[{"type":"file","path":"../x","size":1}]"#, #"[{"type":"file","path":"/etc/passwd","size":1}]"#,
        #"[{"type":"file","path":"a\u0000b","size":1}]"#, #"[{"type":"file","path":"a","size":-1}]"#,
        #"[{"type":"file","path":"a"}]"#, #"[{"type":"file","path":"a","size":1,"lfs":{"oid":"12"}}]"#, "{}", "",
        #"[{"type":"file","path":"a/../../b","size":1}]"#, "[[[[[[",
    ]) func refuses(_ document: String) {
        #expect(throws: HubDocuments.Unreadable.self) { try HubDocuments.entries(Array(document.utf8)) }
    }

    @Test func aCommitIsFortyDigits() throws {
        #expect(try HubDocuments.commit(Array(#"{"sha":"\#(Self.blob)","id":"x"}"#.utf8)) == Self.blob)
        for wrong in [#"{"sha":"main"}"#, "{}", #"{"sha":"\#(Self.blob)/../x"}"#, "[]"] {
            #expect(throws: HubDocuments.Unreadable.self) { try HubDocuments.commit(Array(wrong.utf8)) }
        }
    }

    @Test func theNextPageIsALink() {
        #expect(HubDocuments.nextPage(link: #"<https://h/p?cursor=a%3D>; rel="next""#) == "https://h/p?cursor=a%3D")
        #expect(HubDocuments.nextPage(link: #"<https://h/1>; rel="prev", <https://h/2>; rel="next""#) == "https://h/2")
        #expect(HubDocuments.nextPage(link: #"<https://h/1>; rel="prev""#) == nil)
        #expect(HubDocuments.nextPage(link: "nonsense") == nil)
        #expect(HubDocuments.nextPage(link: nil) == nil)
    }
}

import ObjectStore
import StoreSettings
import Testing

@Suite struct ObjectPlaceTests {
    @Test func keysAreRaw() throws {
        let place = try #require(ObjectPlace("s3://My.bucket_1/a b/ё+%20?x=1#y"))
        #expect(place.bucket == "My.bucket_1" && place.key == "a b/ё+%20?x=1#y")
        #expect(place.url == "s3://My.bucket_1/a b/ё+%20?x=1#y")
        #expect(!place.isPrefix)
        #expect(ObjectPlace("s3://bucket")?.key == "" && ObjectPlace("s3://bucket")?.isPrefix == true)
        #expect(ObjectPlace("s3://bucket//a//b")?.key == "/a//b")
        // An accent of its own behind the slash: one `Character` with it, and another byte.
        #expect(ObjectPlace("s3://bucket/\u{301}a")?.bucket == "bucket")
    }

    @Test(arguments: [
        "", "s3:", "s3://", "s3:///a", "S3://bucket/a", "http://bucket/a", "s3://ab/a", "s3://buc ket/a",
        "s3://bucket:80/a",
        "s3://user@bucket/a", "s3://../a", "s3://.bucket/a", "s3://bücket/a", "s3://bucket/..", "s3://bucket/a/../b",
        "s3://bucket/./a", "s3://bucket/a/.", "s3://bucket/a\n", "s3://bucket/a\0b", "s3://bucket/a\u{85}",
        "s3://bucket/a\r\nX: y", " s3://bucket/a", "s3://-ucket/a",
    ]) func isNoPlace(_ text: String) {
        #expect(ObjectPlace(text) == nil)
    }

    @Test func lengthsAreBounded() {
        let key = String(repeating: "ё", count: 512)
        #expect(ObjectPlace("s3://bucket/\(key)") != nil)
        #expect(ObjectPlace("s3://bucket/\(key)a") == nil)
        #expect(ObjectPlace("s3://bucket/\(key)")?.folder == nil)
        #expect(ObjectPlace("s3://\(String(repeating: "b", count: 256))/a") == nil)
    }

    @Test func oneLiesBelowAnotherAsInFolders() throws {
        func isBelow(_ place: String, _ prefix: String) throws -> Bool {
            try #require(ObjectPlace(place)).isBelow(try #require(ObjectPlace(prefix)))
        }
        #expect(try isBelow("s3://bucket/a/b", "s3://bucket/a"))
        #expect(try isBelow("s3://bucket/a/b", "s3://bucket/a/"))
        #expect(try isBelow("s3://bucket/a", "s3://bucket/a"))
        #expect(try isBelow("s3://bucket/anything", "s3://bucket"))
        #expect(try !isBelow("s3://bucket/ab", "s3://bucket/a"))
        #expect(try !isBelow("s3://bucket/a", "s3://bucket/a/"))
        #expect(try !isBelow("s3://bucket/a", "s3://bucket/a/b"))
        #expect(try !isBelow("s3://other/a/b", "s3://bucket/a"))
        #expect(try !isBelow("s3://bucket", "s3://bucket/a"))
        // Two forms of one letter look the same and are two keys.
        #expect(try !isBelow("s3://bucket/\u{E9}/x", "s3://bucket/e\u{301}"))
        #expect(ObjectPlace("s3://bucket/\u{E9}") != ObjectPlace("s3://bucket/e\u{301}"))
    }

    @Test func namesAreAppendedBehindASlash() {
        #expect(ObjectPlace("s3://bucket/a")?.appending("x.md")?.url == "s3://bucket/a/x.md")
        #expect(ObjectPlace("s3://bucket/a/")?.appending("x.md")?.url == "s3://bucket/a/x.md")
        #expect(ObjectPlace("s3://bucket")?.appending("x.md")?.url == "s3://bucket/x.md")
        #expect(ObjectPlace("s3://bucket/a")?.appending("../x.md") == nil)
    }
}

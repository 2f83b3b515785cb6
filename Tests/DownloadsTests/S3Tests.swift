import Downloads
import Testing

/// URLs and lists of buckets. What a real server makes of the signatures is not tried here.
struct S3Tests {
    @Test func objects() {
        let here = S3Bucket(name: "models", region: "us-east-1", endpoint: "http://127.0.0.1:9000/")
        #expect(here.url(of: "a/b c+d%/ё~.bin") == "http://127.0.0.1:9000/models/a/b%20c%2Bd%25/%D1%91~.bin")
        let amazon = S3Bucket(name: "models", region: "eu-west-1")
        #expect(amazon.url(of: "x") == "https://models.s3.eu-west-1.amazonaws.com/x")
        #expect(
            amazon.listURL(prefix: "a b/") == "https://models.s3.eu-west-1.amazonaws.com/?list-type=2&prefix=a%20b%2F")
        #expect(
            here.listURL(prefix: "", after: "t+/=")
                == "http://127.0.0.1:9000/models?continuation-token=t%2B%2F%3D&list-type=2&prefix=")
        // No certificate is for a name with a dot before AWS's.
        #expect(S3Bucket(name: "a.b", region: "r").url(of: "x") == "https://s3.r.amazonaws.com/a.b/x")
        #expect(
            S3Bucket(name: "m", region: "r", endpoint: "https://s3.example", isPathStyle: false).url(of: "x")
                == "https://m.s3.example/x")
    }

    @Test func queriesAreSorted() {
        #expect(S3Query.sorted("http://h/p") == "http://h/p")
        #expect(S3Query.sorted("http://h/p?") == "http://h/p")
        #expect(S3Query.sorted("http://h/p?b=2&a&a-b=1&a=1#f") == "http://h/p?a=&a=1&a-b=1&b=2")
        #expect(S3Query.sorted("http://h/p?a=b=c&A=1") == "http://h/p?A=1&a=b=c")
    }

    private func listing(_ inside: String) -> S3Listing? {
        S3Listing(
            Array(
                #"<?xml version="1.0"?>\#n<ListBucketResult xmlns="http://x/?a=>">\#(inside)</ListBucketResult>"#.utf8))
    }

    @Test func listings() throws {
        let page = try #require(
            listing(
                """
                <Name>m</Name><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
                <Contents><Key>a/&lt;б&#x451;&#33;</Key><Size>12</Size><ETag>&quot;e&quot;</ETag>
                  <Owner><ID>x</ID><Key>not this</Key></Owner></Contents><!-- <Contents/> -->
                <Contents><Key>b</Key><Size>0</Size></Contents><CommonPrefixes/>
                """))
        #expect(
            page.objects == [
                S3Object(key: "a/<бё!", size: 12, etag: "\"e\""), S3Object(key: "b", size: 0, etag: nil),
            ])
        #expect(page.nextToken == "a&b")
        #expect(listing("")?.objects == [] && listing("")?.nextToken == nil)
    }

    @Test(arguments: [
        "<Contents><Key>a</Key></Contents>", "<Contents><Key>a</Key><Size>-1</Size></Contents>",
        "<Contents><Key>a</Size></Contents>", "<IsTruncated>true</IsTruncated>", "&bomb;", "&#xD800;", "<a", "< >",
        "</Contents>",
        "<!DOCTYPE x>", "<![CDATA[x]]>", "\u{0}<", "<a b='>",
    ])
    func whatIsNoListIsRefused(_ inside: String) {
        #expect(listing(inside) == nil)
    }

    @Test(arguments: [
        "", "x", "<html></html>", "<ListBucketResult>", "<ListBucketResult/><ListBucketResult/>",
        "<a><ListBucketResult/></a>",
    ])
    func otherDocumentsAreRefused(_ text: String) {
        #expect(S3Listing(Array(text.utf8)) == nil)
    }

    @Test func depthIsBounded() {
        #expect(listing(String(repeating: "<a>", count: 100_000)) == nil)
    }
}

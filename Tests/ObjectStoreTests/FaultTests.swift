import Foundation
import ObjectStore
import StoreSettings
import TestSupport
import Testing
import WebCalls

/// Faults that a real store makes seldom, made by a stand-in.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FaultTests {
    private static let place = "s3://bucket/a b/ё+%.md"
    private static let key = "a b/ё+%.md"
    private let small = Putting.bytes(100_000)
    /// Five parts, the last one short.
    private let large = Putting.bytes(4 * (256 << 10) + 1000)

    private func put(_ bytes: [UInt8], _ host: FaultyStore) throws -> TransferError? {
        try Putting.put(bytes, host.store, to: Self.place)
    }

    @Test func withoutFaults() throws {
        let host = try FaultyStore()
        for bytes in [[], small, large] {
            #expect(try put(bytes, host) == nil)
            #expect(try host.object(Self.key) == bytes)
        }
        let first = try #require(host.requests.first)
        #expect(first.path == "/bucket/a%20b/%D1%91%2B%25.md")
        #expect(first.headers["content-type"] == "text/markdown; charset=utf-8")
        #expect(first.headers["content-md5"] == "1B2M2Y8AsgTpgAmY7PhCfg==")
        #expect(first.headers["authorization"]?.contains("content-md5;") == true)
        #expect(first.headers["authorization"]?.contains("x-amz-security-token") == true)
        let begun = try #require(host.requests.first { $0.method == "POST" })
        #expect(begun.headers["content-type"] == "text/markdown; charset=utf-8")
        #expect(try host.uploads().isEmpty)
    }

    @Test func aServerErrorInTheMiddleIsTriedAgain() throws {
        let host = try FaultyStore([
            ["match": "POST .*uploads", "times": 1, "do": "status", "status": 503, "code": "SlowDown"],
            ["match": "partNumber=2", "times": 2, "do": "status", "status": 500, "code": "InternalError"],
            ["match": "partNumber=3", "times": 1, "do": "reset", "bytes": 70_000],
            ["match": "partNumber=4", "times": 1, "do": "lost"],
            ["match": "partNumber=5", "times": 1, "do": "status", "status": 429, "headers": ["Retry-After": "0"]],
            ["match": "POST .*uploadId", "times": 1, "do": "status", "status": 500],
        ])
        #expect(try put(large, host) == nil)
        #expect(try host.object(Self.key) == large)
    }

    @Test func whatGoesOnFailingIsGivenUpAndAborted() throws {
        let host = try FaultyStore([["match": "partNumber=3", "do": "status", "status": 500, "code": "InternalError"]])
        let error = try #require(try put(large, host))
        #expect(error.mayPass && error.place == "bucket")
        #expect(error.message.contains("InternalError") && error.message.contains("tried 4 times"))
        #expect(!error.message.contains("of its own") && !error.message.contains("ё"))
        #expect(try host.object(Self.key) == nil && host.uploads().isEmpty)
    }

    @Test func anAbortThatFailsIsMadeUpForLater() throws {
        let host = try FaultyStore([
            ["match": "partNumber=2", "times": 4, "do": "status", "status": 500],
            ["match": "DELETE", "times": 1, "do": "status", "status": 500],
        ])
        #expect(try put(large, host) != nil)
        #expect(try host.uploads().count == 1)
        #expect(try put(small, host) == nil)
        #expect(try host.uploads().isEmpty)
    }

    /// AWS sends the status of this one request before it does the work.
    @Test func anErrorInsideOfASuccessIsAnError() throws {
        let body = "<?xml version='1.0'?>\n<Error><Code>InternalError</Code><Message>x</Message></Error>"
        let host = try FaultyStore([["match": "POST .*uploadId", "times": 1, "do": "body", "body": body]])
        #expect(try put(large, host) == nil)
        #expect(try host.object(Self.key) == large)
        for body in [body, "", "<html>", "<CompleteMultipartUploadResult>"] {
            let failing = try FaultyStore([["match": "POST .*uploadId", "do": "body", "body": body]])
            let error = try put(large, failing)
            #expect(error?.mayPass == true, "\(body)")
            #expect(try failing.object(Self.key) == nil)
        }
    }

    @Test func anAnswerThatWasLostIsLookedFor() throws {
        let host = try FaultyStore([["match": "POST .*uploadId", "times": 1, "do": "lost"]])
        #expect(try put(large, host) == nil)
        #expect(host.requests.contains { $0.method == "HEAD" })
        // What is there instead is not what was sent.
        let other = try FaultyStore([
            ["match": "POST .*uploadId", "times": 1, "do": "status", "status": 500],
            ["match": "POST .*uploadId", "do": "status", "status": 404, "code": "NoSuchUpload"],
        ])
        #expect(try Putting.put(small, other.store, to: Self.place) == nil)
        #expect(try put(large, other)?.mayPass == true)
    }

    @Test func etagsAreCompared() throws {
        let wrong = "\"00000000000000000000000000000000\""
        let once = try FaultyStore([["match": "PUT", "times": 1, "do": "etag", "etag": wrong]])
        #expect(try put(small, once) == nil)
        #expect(once.requests.count == 2)
        let always = try FaultyStore([["match": "PUT", "do": "etag", "etag": wrong]])
        for bytes in [small, large] {
            let error = try put(bytes, always)
            #expect(error?.mayPass == true && error?.message.contains("ETag") == true)
        }
        let whole = try FaultyStore([
            [
                "match": "POST .*uploadId", "do": "body",
                "body":
                    "<CompleteMultipartUploadResult><ETag>\(wrong.dropLast())-5\"</ETag></CompleteMultipartUploadResult>",
            ]
        ])
        #expect(try put(large, whole)?.message.contains("ETag") == true)
    }

    @Test func whatIsNoDigestIsNotCompared() throws {
        let wrong = "\"00000000000000000000000000000000\""
        for headers in [
            ["x-amz-server-side-encryption": "aws:kms"], ["x-amz-server-side-encryption-customer-algorithm": "AES256"],
        ] {
            let host = try FaultyStore([["match": "PUT", "do": "etag", "etag": wrong, "headers": headers]])
            #expect(try put(small, host) == nil)
        }
        let other = try FaultyStore([["match": "PUT", "do": "etag", "etag": "\"version-7\""]])
        #expect(try put(small, other) == nil)
    }

    /// Status, S3's code, whether it may pass, and a word of what is said.
    private static let answers: [(Int, String, Bool, String)] = [
        (403, "ExpiredToken", false, "AWS_SESSION_TOKEN"), (400, "ExpiredToken", false, "AWS_SESSION_TOKEN"),
        (403, "AccessDenied", false, "rights"), (403, "InvalidAccessKeyId", false, "access key"),
        (403, "RequestTimeTooSkewed", true, "clock"), (403, "", false, "access"),
        (404, "NoSuchBucket", false, "bucket"),
        (404, "", false, "bucket"), (405, "", false, "405"), (413, "EntityTooLarge", false, "large"),
        (400, "RequestTimeout", true, "RequestTimeout"), (400, "BadDigest", true, "altered"),
        (400, "<script>", false, "400"), (501, "NotImplemented", false, "501"), (409, "OperationAborted", true, "busy"),
        (507, "", true, "507"), (403, "QuotaExceeded", true, "room"), (302, "", false, "endpoint"),
    ]

    @Test func whatTheStoreSaysDecides() throws {
        let host = try FaultyStore(
            Self.answers.enumerated().map { index, row in
                ["match": "PUT /bucket/row\(index)$", "do": "status", "status": row.0, "code": row.1]
            })
        for (index, row) in Self.answers.enumerated() {
            let error = try #require(try Putting.put(small, host.store, to: "s3://bucket/row\(index)"))
            #expect(error.mayPass == row.2 && error.message.contains(row.3), "\(error)")
            #expect(!error.message.contains("script") && !error.message.contains("sEcReT"))
        }
    }

    @Test func theRegionThatTheStoreNamesIsSaid() throws {
        for (said, shown) in [("eu-west-3", true), ("x y\u{7}", false)] {
            let host = try FaultyStore([
                [
                    "match": "PUT", "do": "status", "status": 301, "code": "PermanentRedirect",
                    "headers": ["x-amz-bucket-region": said],
                ]
            ])
            let error = try #require(try put(small, host))
            #expect(error.message.contains("set AWS_REGION to \(said)") == shown && !error.mayPass)
        }
    }

    @Test func whoAsksForPatienceGetsItFromTheCaller() throws {
        let host = try FaultyStore([["match": "PUT", "do": "status", "status": 503, "headers": ["Retry-After": "120"]]])
        let error = try #require(try put(small, host))
        #expect(error.mayPass && error.retryAfter == .seconds(120))
        #expect(host.requests.count == 1)
    }

    @Test func aRefusalCostsNoBody() throws {
        var options = Putting.options
        options.partBytes = 16 << 20
        options.stallSeconds = 10
        let host = try FaultyStore(
            [
                ["match": "PUT", "times": 1, "do": "refuse", "status": 403, "code": "AccessDenied"],
                ["match": "PUT", "do": "accept"],
            ],
            options: options)
        let bytes = Putting.bytes(3 << 20)
        #expect(try put(bytes, host)?.message.contains("AccessDenied") == true)
        #expect(host.requests.last?.headers["expect"] == "100-continue")
        // One that never says "continue" gets it all the same.
        #expect(try put(bytes, host) == nil)
        #expect(try host.object(Self.key) == bytes)
    }

    @Test func slowIsRightAndSilenceIsNot() throws {
        let slow = try FaultyStore([["match": "PUT", "do": "crawl", "bytes": 20_000]])
        #expect(try put(small, slow) == nil)
        var options = Putting.options
        options.tries = 2
        let silent = try FaultyStore([["match": "PUT", "do": "silence"]], options: options)
        // Few, or libcurl would count those that went at once among the speed of the next seconds.
        let error = try #require(try put(Array(small.prefix(100)), silent))
        #expect(error.mayPass && error.message.contains("tried 2 times"))
    }

    @Test(arguments: [("PUT", 100_000), ("partNumber=2", 600_000), ("POST .*uploadId", 600_000)])
    func cancellingEndsItSoon(_ match: String, _ count: Int) throws {
        var options = Putting.options
        options.stallSeconds = 60
        options.joinSeconds = 60
        let host = try FaultyStore([["match": match, "do": "silence"]], options: options)
        let flag = Flag()
        Thread.detachNewThread {
            _ = eventually {
                host.requests.contains {
                    "\($0.method) \($0.path)".range(of: match, options: .regularExpression) != nil
                }
            }
            flag.set()
        }
        let begin = ContinuousClock.now
        let error = try Putting.put(Putting.bytes(count), host.store, to: Self.place, isCancelled: { flag.isSet })
        #expect(error?.message.contains("cancelled") == true && error?.mayPass == true)
        // Uncancelled it would be a minute.
        #expect(ContinuousClock.now - begin < .seconds(10))
        #expect(try eventually { try host.uploads().isEmpty })
    }

    @Test func nobodyThere() throws {
        let settings = try ObjectStoreSettings(environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:1"])
        let error = try #require(
            try Putting.put(small, ObjectStore(settings, options: Putting.options), to: Self.place))
        #expect(error.mayPass && error.message.contains("127.0.0.1:1") && error.message.contains("tried 2 times"))
    }

    @Test func aFileThatIsShorterThanSaid() throws {
        let host = try FaultyStore()
        let folder = try TestFolder()
        let path = try folder.write("short", "too short")
        for count in [1000, 600_000] {
            let error = try #require(try Putting.put(path, count, host.store, to: Self.place))
            #expect(!error.mayPass && error.message.contains("shorter"))
        }
        #expect(try host.object(Self.key) == nil && host.uploads().isEmpty)
    }

    @Test func whatIsNoObjectIsNotPut() throws {
        let host = try FaultyStore()
        #expect(try Putting.put(small, host.store, to: "s3://bucket/a/")?.mayPass == false)
        #expect(try Putting.put(small, host.store, to: "s3://bucket")?.mayPass == false)
        #expect(try Putting.put(small, host.store, to: Self.place, contentType: "a\r\nX-Evil: 1")?.mayPass == false)
        #expect(host.requests.isEmpty)
    }

    @Test func partsGrowWithTheObject() {
        let options = ObjectStoreOptions()
        for bytes in [17 << 20, 160_000 << 20, 5 << 40] {
            let size = options.partBytes(of: bytes)
            #expect((bytes + size - 1) / size <= 10_000 && size >= 16 << 20 && size <= 5 << 30)
        }
    }
}

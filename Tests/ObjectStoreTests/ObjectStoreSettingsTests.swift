import Downloads
import ObjectStore
import StoreSettings
import Testing
import VariableCatalog

@Suite struct ObjectStoreSettingsTests {
    private static let replaced = [
        "CLOUDRU_S3_ENDPOINT": "https://s3.cloud.ru", "CLOUDRU_S3_BUCKET": "ocr", "CLOUDRU_S3_ACCESS_KEY": "tenant:key",
        "CLOUDRU_S3_SECRET_KEY": "hidden",
    ]
    private static let amazon = ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"]

    private func settings(_ environments: [String: String]...) throws -> ObjectStoreSettings {
        try ObjectStoreSettings(environment: environments.reduce([:]) { $0.merging($1) { $1 } })
    }

    /// The variable that is named; nil where all is taken.
    private func problem(_ environments: [String: String]...) -> VariableProblem? {
        do {
            _ = try ObjectStoreSettings(environment: environments.reduce([:]) { $0.merging($1) { $1 } })
            return nil
        } catch {
            return error
        }
    }

    @Test func withoutAnythingSet() throws {
        let settings = try settings(["AWS_REGION": "", "COXSWAIN_S3_ALLOW": ""])
        #expect(settings.endpoint == nil && settings.signing == nil && settings.results == nil)
        #expect(settings.region == "us-east-1" && settings.allowed.isEmpty)
        let place = try #require(ObjectPlace("s3://bucket/x"))
        #expect(!settings.allows(place))
        #expect(settings.bucket("bucket").url(of: "x") == "https://bucket.s3.us-east-1.amazonaws.com/x")
        #expect(settings.host(of: "bucket") == "bucket.s3.us-east-1.amazonaws.com")
    }

    @Test func theReplacedContainersVariables() throws {
        let settings = try settings(Self.replaced)
        #expect(settings.results?.url == "s3://ocr/ocr-results/")
        #expect(settings.region == "ru-central-1" && settings.signing?.accessKey == "tenant:key")
        #expect(settings.bucket("ocr").url(of: "x") == "https://s3.cloud.ru/ocr/x")
        // The operator's own bucket is not one that callers may name.
        #expect(try !settings.allows(#require(ObjectPlace("s3://ocr/ocr-results/x"))))
        for name in ["CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_BUCKET"] {
            #expect(try self.settings(Self.replaced, [name: ""]).results == nil)
        }
    }

    @Test func amazonsVariables() throws {
        let settings = try settings(
            Self.amazon, ["AWS_SESSION_TOKEN": "token", "AWS_DEFAULT_REGION": "eu-central-1"])
        #expect(
            settings.signing
                == S3Signing(
                    accessKey: "AKIA", secretKey: "secret", sessionToken: "token", region: "eu-central-1"))
        let other = try self.settings(
            Self.amazon,
            [
                "AWS_ENDPOINT_URL": "http://minio:9000", "AWS_ENDPOINT_URL_S3": "https://s3.example/",
                "AWS_REGION": "a", "AWS_DEFAULT_REGION": "b",
            ])
        #expect(other.endpoint?.description == "https://s3.example" && other.region == "a")
    }

    @Test func aStoreIsAskedWithItsOwnKeys() throws {
        var both = Self.replaced.merging(Self.amazon) { $1 }
        #expect(try settings(both).signing?.accessKey == "tenant:key")
        both["AWS_ENDPOINT_URL"] = "https://s3.example"
        both["CLOUDRU_S3_BUCKET"] = nil
        #expect(try settings(both).signing?.accessKey == "AKIA")
    }

    @Test func addressesOfBuckets() throws {
        let endpoint = ["AWS_ENDPOINT_URL": "https://s3.example"]
        let forced = try settings(endpoint, ["COXSWAIN_S3_PATH_STYLE": "false"])
        #expect(forced.bucket("bucket").url(of: "x") == "https://bucket.s3.example/x")
        #expect(forced.host(of: "bucket") == "bucket.s3.example")
        let path = try settings(["COXSWAIN_S3_PATH_STYLE": "yes"])
        #expect(path.bucket("bucket").url(of: "x") == "https://s3.us-east-1.amazonaws.com/bucket/x")
    }

    @Test func results() throws {
        let settings = try settings(Self.replaced, ["COXSWAIN_S3_RESULTS": "s3://other/a b"])
        #expect(settings.results?.url == "s3://other/a b/")
        #expect(try self.settings(Self.amazon, ["COXSWAIN_S3_RESULTS": "s3://other"]).results?.url == "s3://other/")
    }

    @Test func theAllowList() throws {
        let settings = try settings(["COXSWAIN_S3_ALLOW": "s3://inbox, s3://docs/team a/ ,,s3://docs/team a/"])
        #expect(settings.allowed.map(\.url) == ["s3://inbox/", "s3://docs/team a/"])
        #expect(try settings.allows(#require(ObjectPlace("s3://inbox/x"))))
        #expect(try settings.allows(#require(ObjectPlace("s3://docs/team a/x"))))
        #expect(try !settings.allows(#require(ObjectPlace("s3://docs/team ab/x"))))
        #expect(try !settings.allows(#require(ObjectPlace("s3://docs/x"))))
    }

    /// What is set, and the variable that the message is about.
    private static let wrong: [([String: String], String)] = [
        (["AWS_ACCESS_KEY_ID": "a"], "AWS_SECRET_ACCESS_KEY"), (["AWS_SECRET_ACCESS_KEY": "a"], "AWS_ACCESS_KEY_ID"),
        (["CLOUDRU_S3_SECRET_KEY": "a"], "CLOUDRU_S3_ACCESS_KEY"), (["AWS_SESSION_TOKEN": "a"], "AWS_ACCESS_KEY_ID"),
        (["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "hidden\n"], "AWS_SECRET_ACCESS_KEY"),
        (["AWS_ACCESS_KEY_ID": "hidden b", "AWS_SECRET_ACCESS_KEY": "c"], "AWS_ACCESS_KEY_ID"),
        (["AWS_REGION": "eu:1"], "AWS_REGION"), (["AWS_DEFAULT_REGION": "evil.example/"], "AWS_DEFAULT_REGION"),
        (["AWS_ENDPOINT_URL": "s3.example"], "AWS_ENDPOINT_URL"),
        (["CLOUDRU_S3_ENDPOINT": "https://user:hidden@s3.example"], "CLOUDRU_S3_ENDPOINT"),
        (["AWS_ENDPOINT_URL_S3": "ftp://s3.example"], "AWS_ENDPOINT_URL_S3"),
        (["COXSWAIN_S3_PATH_STYLE": "maybe"], "COXSWAIN_S3_PATH_STYLE"),
        (["COXSWAIN_S3_ALLOW": "s3://docs/,docs"], "COXSWAIN_S3_ALLOW"),
        (["COXSWAIN_S3_ALLOW": "s3://*"], "COXSWAIN_S3_ALLOW"),
        (["COXSWAIN_S3_ALLOW": "s3://docs/../x"], "COXSWAIN_S3_ALLOW"),
        (["COXSWAIN_S3_RESULTS": "s3://other/a"], "COXSWAIN_S3_RESULTS"),
        (
            ["COXSWAIN_S3_RESULTS": "other", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"],
            "COXSWAIN_S3_RESULTS"
        ),
        (["CLOUDRU_S3_BUCKET": "no bucket"], "CLOUDRU_S3_BUCKET"),
        (replaced.merging(["AWS_ENDPOINT_URL": "https://s3.example"]) { $1 }, "AWS_ENDPOINT_URL"),
    ]

    @Test(arguments: Self.wrong) func whatCannotBeUsedIsNamed(_ environment: [String: String], _ variable: String)
        throws
    {
        let problem = try #require(self.problem(environment))
        // The variable that is to be changed, or the one that is missing.
        #expect(problem.variable == variable || problem.message.contains(variable), "\(problem)")
        #expect(!problem.description.contains("hidden"))
    }
}

import Lifecycle
import Settings
import Testing

/// Who is told what of the object store and of webhooks.
@Suite struct ObjectStoreVariablesTests {
    private static let keys = [
        "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu",
        "https_proxy": "http://proxy:1",
    ]

    @Test(arguments: [
        ("COXSWAIN_S3_ALLOW", "s3://bucket/x/"), ("COXSWAIN_S3_RESULTS", "s3://bucket/x/"),
        ("CLOUDRU_S3_BUCKET", "bucket"),
    ])
    func theAPIHasTheStoresKeysWhereItAsksOne(name: String, value: String) throws {
        let wanted = try load("", Self.keys.merging([name: value]) { $1 }).service("api").environment
        for (name, value) in Self.keys { #expect(wanted[name] == value, "\(name)") }
        let empty = try load("", Self.keys.merging([name: ""]) { $1 }).service("api").environment
        for name in Self.keys.keys { #expect(empty[name] == nil, "\(name)") }
    }

    @Test func nobodyElseHasThem() throws {
        let settings = try load(
            "[service.x]\ncommand = [\"/bin/x\"]",
            Self.keys.merging([
                "COXSWAIN_S3_ALLOW": "s3://bucket/", "COXSWAIN_WEBHOOKS": "true",
                "COXSWAIN_WEBHOOK_SECRET": "a secret of sixteen bytes",
            ]) { $1 })
        for service in settings.services where service.name != "api" {
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "COXSWAIN_WEBHOOK_SECRET"] {
                #expect(service.environment[name] == nil, "\(service.name): \(name)")
            }
        }
        #expect(settings.service("api").environment["COXSWAIN_WEBHOOK_SECRET"] != nil)
    }

    @Test func webhooksWithoutASecretAreRefusedBeforeAnythingStarts() throws {
        #expect(
            problems("", ["COXSWAIN_WEBHOOKS": "true"]) == [
                "COXSWAIN_WEBHOOKS: needs COXSWAIN_WEBHOOK_SECRET or COXSWAIN_WEBHOOK_SECRET_FILE: webhooks are signed"
            ])
        #expect(problems("", ["COXSWAIN_WEBHOOKS": "true", "COXSWAIN_WEBHOOK_SECRET_FILE": "/run/secrets/w"]) == [])
        #expect(problems("", ["COXSWAIN_WEBHOOKS": "false"]) == [])
    }

    @Test func aStoreIsConfiguredWhereResultsAreUploaded() throws {
        let replaced = [
            "CLOUDRU_S3_ENDPOINT": "https://s3", "CLOUDRU_S3_BUCKET": "bucket", "CLOUDRU_S3_ACCESS_KEY": "a",
            "CLOUDRU_S3_SECRET_KEY": "k",
        ]
        #expect(try load("", replaced).legacy.objectStoreConfigured)
        #expect(
            try load("", Self.keys.merging(["COXSWAIN_S3_RESULTS": "s3://bucket/r/"]) { $1 }).legacy
                .objectStoreConfigured)
        #expect(try !load("", ["COXSWAIN_S3_ALLOW": "s3://bucket/r/"]).legacy.objectStoreConfigured)
        let (access, secret) = ("CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY")
        for (missing, words) in [
            (["CLOUDRU_S3_ENDPOINT"], "CLOUDRU_S3_ENDPOINT is not set"),
            ([access, secret], "\(access) and \(secret) are not set"),
        ] {
            let settings = try load("", replaced.filter { !missing.contains($0.key) })
            #expect(!settings.legacy.objectStoreConfigured)
            #expect(settings.notes.contains { $0.contains("results are not uploaded, since \(words)") })
        }
        #expect(try load("").notes == [])
    }

    /// Half a pair of keys means something, and nobody can say what.
    @Test func whatTheAPIWouldEndOverIsRefusedBeforeAnythingStarts() throws {
        let bucket = ["CLOUDRU_S3_BUCKET": "bucket"]
        for (variables, words) in [
            (["CLOUDRU_S3_SECRET_KEY": "s"], "CLOUDRU_S3_ACCESS_KEY: it is not set, and CLOUDRU_S3_SECRET_KEY is"),
            (["CLOUDRU_S3_ACCESS_KEY": "a"], "CLOUDRU_S3_SECRET_KEY: it is not set, and CLOUDRU_S3_ACCESS_KEY is"),
            (["AWS_SESSION_TOKEN": "t"], "AWS_SESSION_TOKEN: it is set, and AWS_ACCESS_KEY_ID is not"),
            (["CLOUDRU_S3_ENDPOINT": "s3"], "CLOUDRU_S3_ENDPOINT: it must be a URL such as https://s3.example.com"),
            (["CLOUDRU_S3_BUCKET": "b"], "CLOUDRU_S3_BUCKET: b is not what a bucket can be called"),
            (["COXSWAIN_S3_ALLOW": "docs"], "COXSWAIN_S3_ALLOW: docs: write s3://BUCKET/PREFIX"),
            (["COXSWAIN_S3_RESULTS": "s3://bucket/r"], "COXSWAIN_S3_RESULTS: results are to go there, and neither"),
            (["COXSWAIN_S3_PATH_STYLE": "maybe"], "COXSWAIN_S3_PATH_STYLE: must be true or false"),
        ] {
            let found = problems("", bucket.merging(variables) { $1 })
            #expect(found.count == 1 && found[0].hasPrefix(words), "\(found)")
        }
        // Who asks no store is not troubled with what is set for others.
        #expect(problems("", ["CLOUDRU_S3_SECRET_KEY": "s", "AWS_SESSION_TOKEN": "t"]) == [])
        // Both who ask it would say the same.
        let model = ["COXSWAIN_ENGINE": "vllm", "COXSWAIN_MODEL_SOURCES": "s3://models", "AWS_SECRET_ACCESS_KEY": "s"]
        #expect(
            problems("", bucket.merging(model) { $1 }) == [
                "AWS_ACCESS_KEY_ID: it is not set, and AWS_SECRET_ACCESS_KEY is"
            ])
        // Where the file says it, there it is; and of a file alone nobody knows what the environment will add.
        let file = "[service.api]\nenvironment = { COXSWAIN_S3_RESULTS = \"s3://bucket/r\" }"
        let found = problems(file, ["HOME": "/"])
        #expect(
            found.count == 1 && found[0].contains(":2:17: ") && found[0].contains("results are to go there"), "\(found)"
        )
        #expect(problems(file) == [])
    }
}

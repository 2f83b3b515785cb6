import Lifecycle
import Settings
import Testing

/// Who is told what of the object store and of webhooks.
@Suite struct ObjectStoreVariablesTests {
    private static let keys = [
        "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu",
        "https_proxy": "http://proxy:1",
    ]

    @Test(arguments: ["COXSWAIN_S3_ALLOW", "COXSWAIN_S3_RESULTS", "CLOUDRU_S3_BUCKET"])
    func theAPIHasTheStoresKeysWhereItAsksOne(name: String) throws {
        let wanted = try load("", Self.keys.merging([name: "s3://bucket/x/"]) { $1 }).service("api").environment
        for (name, value) in Self.keys { #expect(wanted[name] == value, "\(name)") }
        let empty = try load("", Self.keys.merging([name: ""]) { $1 }).service("api").environment
        for name in Self.keys.keys { #expect(empty[name] == nil, "\(name)") }
    }

    @Test func nobodyElseHasThem() throws {
        let settings = try load(
            "[service.x]\ncommand = [\"/bin/x\"]",
            Self.keys.merging([
                "COXSWAIN_S3_ALLOW": "s3://b/", "COXSWAIN_WEBHOOKS": "true",
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
            "CLOUDRU_S3_ENDPOINT": "https://s3", "CLOUDRU_S3_BUCKET": "b", "CLOUDRU_S3_ACCESS_KEY": "a",
            "CLOUDRU_S3_SECRET_KEY": "k",
        ]
        #expect(try load("", replaced).legacy.objectStoreConfigured)
        #expect(try load("", ["COXSWAIN_S3_RESULTS": "s3://b/r/"]).legacy.objectStoreConfigured)
        #expect(try !load("", ["COXSWAIN_S3_ALLOW": "s3://b/r/"]).legacy.objectStoreConfigured)
        for name in replaced.keys where name != "CLOUDRU_S3_BUCKET" {
            let settings = try load("", replaced.filter { $0.key != name })
            #expect(!settings.legacy.objectStoreConfigured)
            #expect(settings.notes.contains { $0.contains("results are not uploaded, since \(name) is not set") })
        }
        #expect(try load("").notes == [])
    }
}

import API
import Jobs
import Pipeline
import Testing
import VariableCatalog

@Suite struct APISettingsTests {
    private func settings(_ environment: [String: String], cores: Int = 4) throws -> APISettings {
        try APISettings(environment: environment, availableCores: cores)
    }

    @Test func hasDefaultsForPaddleOCRVL() throws {
        let settings = try settings([:])
        #expect(settings.pipeline.engineURL == "http://127.0.0.1:8080/v1")
        #expect(settings.usesVLM)
        #expect(settings.pipeline.engineConcurrency == 64)
        #expect(settings.pipeline.cores == 4)
        #expect(settings.pipeline.pageDPI == 144)
        #expect(settings.pipeline.pagePixels == 1_003_520)
        #expect(!settings.pipeline.pageIsGrey)
        #expect(settings.maximumUploadBytes == 209_715_200)
        #expect(settings.pipeline.maximumPages == 2000)
        #expect(settings.stateDirectory == "output/.coxswain")
        #expect(settings.controlSocket == nil)
    }

    @Test func readsWhatPID1Sets() throws {
        let settings = try settings([
            "COXSWAIN_ENGINE_URL": "http://127.0.0.1:9/v1", "USE_VLM_API": "false", "COXSWAIN_PAGE_DPI": "300",
            "COXSWAIN_PAGE_PIXELS": "12000000", "COXSWAIN_PAGE_COLOR": "grey", "COXSWAIN_PAGE_DEADLINE": "1.5",
            "OUTPUT_DIR": "/out", "COXSWAIN_CORES": "3", "COXSWAIN_CONTROL_SOCKET": "/run/c.sock", "STATE_DIR": "",
        ])
        #expect(settings.pipeline.engineURL == "http://127.0.0.1:9/v1")
        #expect(settings.pipeline.engineConcurrency == 3)
        #expect(settings.pipeline.pageDPI == 300)
        #expect(settings.pipeline.pageIsGrey)
        #expect(settings.pipeline.pageDeadline == .milliseconds(1500))
        #expect(settings.stateDirectory == "/out/.coxswain")
        #expect(settings.controlSocket == "/run/c.sock")
    }

    @Test func readsWhatEngineProfilesSet() throws {
        let settings = try settings([
            "COXSWAIN_ENGINE_URL": "http://h:1/v1", "COXSWAIN_ENGINE_MODEL": "m", "COXSWAIN_ENGINE_PROMPT": "Read:",
            "COXSWAIN_ENGINE_CONCURRENCY": "16", "COXSWAIN_PAGE_DPI": "200", "COXSWAIN_PAGE_PIXELS": "1605632",
            "COXSWAIN_PAGE_COLOR": "rgb", "COXSWAIN_PAGE_TOKENS": "64",
        ])
        #expect(settings.pipeline.engineURL == "http://h:1/v1")
        #expect(settings.pipeline.engineModel == "m")
        #expect(settings.pipeline.prompts[.ocr] == "Read:")
        #expect(settings.pipeline.engineConcurrency == 16)
        #expect(settings.pipeline.pageDPI == 200)
        #expect(settings.pipeline.pagePixels == 1_605_632)
        #expect(!settings.pipeline.pageIsGrey)
        #expect(settings.pipeline.pageTokens == 64)
        #expect(try self.settings([:]).pipeline.prompts[.ocr] == "OCR:")
    }

    @Test(arguments: [
        "http://h:1/v1/markdown", "http://h:1/v1", "http://h:1/v1/", "http://h:1", "http://h:1/v1/chat/completions",
    ])
    func findsTheEngineBehindTheReplacedContainersVariable(url: String) throws {
        #expect(try settings(["VLLM_URL": url]).pipeline.engineURL == "http://h:1/v1")
    }

    @Test func theTableOfVariablesSaysTheDefaults() throws {
        // What stands for "the same as without it".
        let standards = Variable.all.filter {
            $0.readers.contains(.api) && !["OUTPUT_DIR", "VLLM_URL"].contains($0.name)
        }
        let said = Dictionary(
            uniqueKeysWithValues: standards.compactMap { variable in variable.standard.map { (variable.name, $0) } })
        #expect(said["COXSWAIN_MAX_JOBS"] == "256" && said.count > 10)
        #expect(try settings(said) == settings([:]))
    }

    @Test func theWorldOutsideIsOffUnlessSomebodyTurnsItOn() throws {
        let outside = try settings([:]).outside
        #expect(outside == OutsideSettings() && !outside.urlSources && !outside.webhooks)
        let on = try settings([
            "COXSWAIN_URL_SOURCES": "true", "COXSWAIN_URL_TIMEOUT": "90s", "COXSWAIN_WEBHOOKS": "yes",
            "COXSWAIN_WEBHOOK_SECRET": "hush", "COXSWAIN_EGRESS_HOSTS": "a.example", "COXSWAIN_DELIVERY_TIME": "2h",
            "COXSWAIN_S3_ALLOW": "s3://b/p", "AWS_REGION": "eu", "CLOUDRU_S3_BUCKET": "c", "SSL_CERT_FILE": "/c",
            "COXSWAIN_API_KEY": "other", "COXSWAIN_S3_RESULTS": "",
        ]).outside
        #expect(on.urlSources && on.webhooks && on.urlTimeout == .seconds(90) && on.deliveryTime == .seconds(7200))
        #expect(on.webhookSecret?.text == "hush" && on.egressHosts == "a.example")
        #expect(
            on.store == [
                "COXSWAIN_S3_ALLOW": "s3://b/p", "AWS_REGION": "eu", "CLOUDRU_S3_BUCKET": "c", "SSL_CERT_FILE": "/c",
            ])
        #expect(!"\(on)".contains("hush"))
    }

    @Test(arguments: [
        ("COXSWAIN_PAGE_DPI", "many", "a whole number from 36 to 1200"),
        ("COXSWAIN_MAX_PAGES", "0", "a whole number from 1 to 100000"),
        ("COXSWAIN_PAGE_COLOR", "blue", "rgb or grey"), ("USE_VLM_API", "maybe", "true or false"),
        ("COXSWAIN_STOP_GRACE", "-1", "a number of seconds from 0.0 to 3600.0"),
    ])
    func saysWhatIsWrong(variable: String, value: String, expected: String) {
        let error = #expect(throws: SettingsError.self) { try settings([variable: value]) }
        #expect(error?.description == "\(variable)=\(value): it must be \(expected)")
    }
}

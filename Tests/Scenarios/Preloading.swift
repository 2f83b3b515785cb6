import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The engine starts when its weights are there, whole, and not before; then it asks nobody.
    @Suite(.serialized) struct Preloading {
        private static let offline = [
            "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
            "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
        ]

        @Test func theFirstStartDownloadsAndTheSecondTouchesNothing() throws {
            let model = try TinyModel(megabytesPerSecond: 1.5)
            let first = try model.container()
            var seen: [Container.Health] = []
            #expect(
                eventually(within: 60) {
                    guard let health = first.health else { return false }
                    if health.phase != "ready" { seen.append(health) }
                    return health.phase == "ready"
                }, "\(first.log)")
            let downloading = seen.filter { $0.phase == "preloading" && $0.reason?.contains("downloading") == true }
            #expect(downloading.contains { $0.reason?.contains(" of 5.7 MiB") == true }, "\(seen)")
            #expect(downloading.contains { $0.progress > 0 && $0.progress < 1 && $0.eta_seconds ?? 0 > 0 }, "\(seen)")
            #expect(first.count("preload: downloading") == 1)
            let report = try TinyModel.engineReport(first)
            #expect(report.weights == model.path)
            #expect(report.files["weights.bin"] == 6_000_000 && report.files["config.json"] != nil, "\(report.files)")
            for (name, value) in Self.offline { #expect(report.environment[name] == value, "\(name)") }
            #expect(report.environment["HF_TOKEN"] == nil && !first.logged("secret-token"))
            // What is compiled lies beside the models.
            let cache = try #require(report.environment["VLLM_CACHE_ROOT"])
            #expect(cache.hasPrefix("\(model.models.path)/.coxswain-cache/cpu_python3"), "\(cache)")
            for name in ["TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE"] {
                #expect(report.environment[name].map(FileManager.default.fileExists) == true, "\(name)")
            }
            // A download tells nothing of how long the next start takes.
            let starts = "\(first.folder.path)/output/.coxswain/starts.json"
            #expect(eventually { FileManager.default.fileExists(atPath: starts) })
            #expect(try !String(contentsOfFile: starts, encoding: .utf8).contains("\"preload\""))
            first.signal(SIGTERM)
            #expect(try first.exitCode() == 0)

            model.closeHub()
            let asked = model.requests.count
            let second = try model.container()
            try second.waitUntilReady()
            #expect(second.logged("preload is done after") && !second.logged("preload: downloading"))
            #expect(try TinyModel.engineReport(second).environment["VLLM_CACHE_ROOT"] == cache)
            #expect(FileManager.default.fileExists(atPath: "\(cache)/compiled"))
            #expect(model.requests.count == asked)
        }

        @Test func offlineAndIncompleteEndsTheContainerAtOnceAndSaysWhy() throws {
            let model = try TinyModel()
            let folder = try TestFolder()
            let word = try folder.write("termination-log", "")
            let began = Date()
            let container = try model.container(
                environment: ["COXSWAIN_OFFLINE": "true", "COXSWAIN_TERMINATION_LOG": word])
            #expect(try container.exitCode() == 69, "\(container.log)")
            #expect(Date().timeIntervalSince(began) < 10)
            #expect(container.count("\"message\":\"preload started\"") == 1)
            #expect(!container.logged("\"message\":\"engine started\""))
            let text = try String(contentsOfFile: word, encoding: .utf8)
            #expect(text.hasPrefix("preload cannot run: exited with status 69: "), "\(text)")
            #expect(text.contains("tiny-model") && text.contains("COXSWAIN_OFFLINE"), "\(text)")
            #expect(text.contains("exit status 69"), "\(text)")
            #expect(model.requests.isEmpty)
        }

        /// In a network namespace with nothing but its own loopback, no packet can go anywhere.
        @Test func completeWeightsNeedNoNetwork() throws {
            let model = try TinyModel()
            let first = try model.container()
            try first.waitUntilReady()
            first.signal(SIGTERM)
            #expect(try first.exitCode() == 0)
            let container = try model.container(
                environment: ["HF_ENDPOINT": "https://huggingface.co"],
                wrapper: { _ in
                    ["unshare", "--net", "/bin/sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
                })
            #expect(eventually { container.logged("container is ready") }, "\(container.log)")
            let report = try TinyModel.engineReport(container)
            for (name, value) in Self.offline { #expect(report.environment[name] == value, "\(name)") }
            #expect(report.files["weights.bin"] == 6_000_000)
            // Its port is not ours to ask.
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }

        @Test func oneThatIsKilledInTheMiddleGoesOn() throws {
            let model = try TinyModel(megabytesPerSecond: 2)
            let container = try model.container()
            for _ in 0..<3 {
                #expect(eventually { !container.processes("coxswain-preload").isEmpty }, "\(container.log)")
                usleep(UInt32.random(in: 0...700_000))
                for pid in container.processes("coxswain-preload") where !model.isThere { kill(pid, SIGKILL) }
            }
            try container.waitUntilReady()
            #expect(container.logged("preload failed after") && container.logged("killed by SIGKILL"))
            #expect(try TinyModel.engineReport(container).files["weights.bin"] == 6_000_000)
            #expect(container.count("\"message\":\"engine started\"") == 1)
        }

        /// Nobody had to say that there is no network: that is found out, once.
        @Test func withoutAnyNetworkTheContainerGivesUpAtOnceAndSaysWhatWasTried() throws {
            let model = try TinyModel()
            model.closeHub()
            let folder = try TestFolder()
            let word = try folder.write("termination-log", "")
            let container = try model.container(environment: ["COXSWAIN_TERMINATION_LOG": word])
            #expect(try container.exitCode() == 69, "\(container.log)")
            #expect(container.count("\"message\":\"preload started\"") == 1)
            let text = try String(contentsOfFile: word, encoding: .utf8)
            #expect(text.contains("127.0.0.1:\(model.hubPort): no connection"), "\(text)")
            #expect(text.contains("\(model.path) is not there") && text.contains("Mount a complete"), "\(text)")
        }

        @Test func whatMayComeRightIsTriedAgainAndThenGivenUp() throws {
            let model = try TinyModel()
            try model.failHub()
            let container = try model.container(
                preload: #"restart = { backoff = ["0s", "50ms", "50ms"], failed-starts = 1 }"#)
            #expect(try container.exitCode(within: 120) == 75, "\(container.log)")
            #expect(container.count("\"message\":\"preload started\"") == 2)
            #expect(container.logged("giving up on preload: 2 starts in a row failed"))
        }

        @Test func switchedOffTheEngineSeesToItself() throws {
            let model = try TinyModel()
            try FileManager.default.createDirectory(
                atPath: "\(model.models.path)/here", withIntermediateDirectories: false)
            let container = try model.container(
                preload: "enabled = false", environment: ["COXSWAIN_ENGINE_MODEL": "\(model.models.path)/here"])
            try container.waitUntilReady()
            let report = try TinyModel.engineReport(container)
            #expect(report.weights == "\(model.models.path)/here")
            for name in Self.offline.keys { #expect(report.environment[name] == nil, "\(name)") }
            #expect(model.requests.isEmpty)
        }

        // MARK: Caches

        @Test func aCacheThatCannotBeWrittenIsDoneWithout() throws {
            let model = try TinyModel()
            let container = try model.container(environment: ["COXSWAIN_ENGINE_CACHE": "/proc/nowhere"])
            try container.waitUntilReady()
            #expect(container.count("does not keep what it compiles") == 1, "\(container.log)")
            #expect(try TinyModel.engineReport(container).environment["VLLM_CACHE_ROOT"] == nil)
        }

        @Test func aBrokenCacheIsSetAside() throws {
            let model = try TinyModel()
            let first = try model.container()
            try first.waitUntilReady()
            let cache = try #require(try TinyModel.engineReport(first).environment["VLLM_CACHE_ROOT"])
            first.signal(SIGTERM)
            #expect(try first.exitCode() == 0)
            _ = FileManager.default.createFile(atPath: "\(cache)/broken", contents: nil)
            let second = try model.container()
            try second.waitUntilReady()
            #expect(second.logged("is set aside, since its log tells of a broken cache"), "\(second.log)")
            #expect(second.count("\"message\":\"engine started\"") == 2)
            #expect(try TinyModel.engineReport(second).environment["VLLM_CACHE_ROOT"] == cache)
            // And removed, once there is time.
            let caches = "\(model.models.path)/.coxswain-cache"
            #expect(
                eventually { (try? FileManager.default.contentsOfDirectory(atPath: caches).count) == 1 },
                "\((try? FileManager.default.contentsOfDirectory(atPath: caches)) ?? [])")
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Settings and surroundings that cannot work are said at once; those that can, do.
    @Suite(.serialized) struct WrongPlace {
        @Test func wrongSettingsAreAllSaidAndLeaveWith78() throws {
            let container = try Container(settings: "lisen = \"x\"\n[service.engine]\nneeds = [\"enjine\"]\n")
            #expect(try container.exitCode() == 78)
            #expect(container.logged("coxswain.toml:1:1: unknown key `lisen`; did you mean `listen`?"))
            #expect(container.logged("coxswain.toml:3:10: service `engine` needs `enjine`"))
        }

        /// What only the api can judge: it ends over it, and the container with it, by the same status.
        @Test func wrongSettingsOfTheAPILeaveWith78Too() throws {
            let container = try Container(environment: ["COXSWAIN_EGRESS_NETWORKS": "10.0.0.0/99"])
            #expect(try container.exitCode() == 78)
            #expect(container.logged("container is failed: api cannot run"))
            #expect(container.count("COXSWAIN_EGRESS_NETWORKS: ") >= 2, "\(container.log)")
        }

        @Test func aContainerForAGPUThatHasNoneSaysSo() throws {
            let container = try Container(
                settings: "[service.engine]\ncommand = [\"./vllm\"]\n", environment: ["COXSWAIN_ENGINE": "vllm"])
            #expect(try container.exitCode() == 78)
            #expect(container.logged("the program `./vllm` is not there"))

            let folder = try TestFolder()
            let launcher = try folder.write("paddlex_genai_server", "#!/bin/sh\nexit 0\n", executable: true)
            let withoutGPU = try Container(
                settings: "[service.preload]\nenabled = false\n",
                environment: ["COXSWAIN_ENGINE": "paddlex-vllm", "PATH": "\(folder.path):/usr/bin:/bin"])
            // A machine that has a GPU goes on and finds that this is no engine.
            let expected: Int32 = FileManager.default.fileExists(atPath: "/dev/nvidia0") ? 75 : 69
            #expect(try withoutGPU.exitCode() == expected, "\(launcher)")
            #expect(expected == 75 || withoutGPU.logged("needs a GPU and this container has none"))
        }

        @Test func twoOnOneStateFolder() throws {
            let first = try Container()
            try first.waitUntilReady()
            let second = try Container(environment: ["STATE_DIR": "\(first.folder.path)/output/.coxswain"])
            #expect(try second.exitCode() == 78)
            #expect(second.logged("is in use by another running coxswain"))
            #expect(try first.get("/readyz").status == 200)
        }

        @Test func twoOnOnePort() throws {
            let first = try Container()
            try first.waitUntilReady()
            let second = try Container(environment: ["COXSWAIN_LISTEN": "127.0.0.1:\(first.port)"])
            #expect(try second.exitCode() == 78)
            #expect(second.logged("another program has the port"))
        }

        @Test func aStrangerOnTheEnginesPortIsNoEngine() throws {
            let other = try Container()
            try other.waitUntilReady()
            let container = try Container(environment: ["VLLM_PORT": String(other.enginePort)])
            #expect(eventually { container.logged("engine failed after") })
            #expect(container.logged("start engine on 127.0.0.1:\(other.enginePort): Address already in use"))
            #expect(try container.get("/readyz").status == 503)
        }

        @Test func anOutputFolderThatCannotBeMade() throws {
            let container = try Container(environment: ["OUTPUT_DIR": "/proc/nowhere"])
            #expect(try container.exitCode() == 78)
            #expect(container.logged("set STATE_DIR or OUTPUT_DIR"))
        }

        @Test func aStateFolderWhosePathIsTooLongForASocket() throws {
            let long = String(repeating: "d", count: 120)
            let container = try Container(environment: ["STATE_DIR": "/tmp/coxswain-long-\(getpid())/\(long)"])
            defer { try? FileManager.default.removeItem(atPath: "/tmp/coxswain-long-\(getpid())") }
            try container.waitUntilReady()
            #expect(container.logged("not in the state folder"))
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
        }
    }
}

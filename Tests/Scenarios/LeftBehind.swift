import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What a dead engine held: shared memory, temporary files, GPU memory.
    @Suite(.serialized) struct LeftBehind {
        /// An engine that makes two files of shared memory and a temporary one, as vLLM does, and cleans nothing up.
        private func engine(_ prefix: String) -> String {
            #"""
            [service.engine-like]
            command = ["python3", "-c", """
            import mmap, os, socket, sys, tempfile, time, uuid
            keep = []
            for n in range(2):
                f = open('/dev/shm/\#(prefix)-%s' % uuid.uuid4(), 'w+b'); f.write(bytes(4 << 20)); f.flush(); keep.append(mmap.mmap(f.fileno(), 4 << 20))
            keep.append(tempfile.NamedTemporaryFile(delete=False))
            print('temporary files in', tempfile.gettempdir(), flush=True)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s: s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
            time.sleep(1000)
            """]
            ready = { notify = true, within = "20s" }
            restart = { backoff = ["0s", "0s", "0s"], limit = 100 }
            """#
        }

        private func shared(_ prefix: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []).filter { $0.hasPrefix(prefix) }
        }

        @Test func twentyKillsLeaveSharedMemoryFlat() throws {
            let prefix = "coxswain-test-\(UInt32.random(in: 0 ... .max))"
            let container = try Container(services: engine(prefix))
            for round in 1...20 {
                #expect(eventually { container.count("engine-like is ready") == round })
                #expect(shared(prefix).count == 2)
                kill(try container.awaitRunning("python3", "-c"), SIGKILL)
            }
            #expect(eventually { container.count("engine-like is ready") == 21 })
            #expect(shared(prefix).count == 2)
            // Its temporary files lay in a folder of its own, which is gone with it.
            var folders: [String] = []
            #expect(
                eventually {
                    folders = container.log.components(separatedBy: "\"message\":\"temporary files in ").dropFirst()
                        .compactMap {
                            $0.split(separator: "\"").first.map(String.init)
                        }
                    return folders.count == 21 && Set(folders).count == 21
                })
            #expect(folders.filter { FileManager.default.fileExists(atPath: $0) }.count == 1)
            #expect(container.logged("what engine-like left: 2 files of shared memory (8 MiB) removed"))
            container.signal(SIGTERM)
            #expect(try container.exitCode() == 0)
            #expect(shared(prefix) == [])
            #expect(folders.filter { FileManager.default.fileExists(atPath: $0) } == [])
        }

        @Test func whatAFormerLifeLeftIsRemovedByTheNext() throws {
            let prefix = "coxswain-test-\(UInt32.random(in: 0 ... .max))"
            let state = try TestFolder()
            let first = try Container(services: engine(prefix), environment: ["STATE_DIR": state.path])
            try first.waitUntilReady()
            // Written down a moment after it is ready.
            func recorded() -> String {
                (try? String(contentsOfFile: "\(state.path)/leftovers", encoding: .utf8)) ?? ""
            }
            #expect(eventually { recorded().components(separatedBy: prefix).count == 3 })
            first.signal(SIGKILL)
            _ = try first.exitCode()
            let left = Set(shared(prefix))
            #expect(left.count == 2)
            // Somebody else's file, of the same kind and owner.
            let foreign = "/dev/shm/\(prefix)-foreign"
            _ = FileManager.default.createFile(atPath: foreign, contents: Data([1]))
            defer { try? FileManager.default.removeItem(atPath: foreign) }
            let second = try Container(services: engine(prefix), environment: ["STATE_DIR": state.path])
            try second.waitUntilReady()
            #expect(left.isDisjoint(with: shared(prefix)))
            #expect(FileManager.default.fileExists(atPath: foreign))
            #expect(second.logged("what the last life of this container left: 2 files of shared memory"))
            second.signal(SIGTERM)
            #expect(try second.exitCode() == 0)
        }

        @Test func theNextEngineWaitsForTheGPUMemoryOfTheLast() throws {
            let place = try TestFolder()
            let memory = try place.write("memory", "\(1 << 30)\n\(1 << 30)\n")
            let library = try StandInLibrary(options: ["-DMEMORY=\"\(memory)\""])
            let container = try Container(
                services: #"""
                    [service.engine-like]
                    command = ["/bin/sleep", "1000"]
                    gpu = true
                    environment = { CUDA_VISIBLE_DEVICES = "1" }
                    """#, environment: ["LD_LIBRARY_PATH": library.folder.path])
            try container.waitUntilReady()
            #expect(container.logged("GPU: 2 × NVIDIA A100 (40 GiB), driver 550.54.15"))
            // It takes memory, and the driver takes its time to give it back.
            try place.write("memory", "\(1 << 30)\n\(21 << 30)\n")
            kill(try container.awaitRunning("sleep", "1000"), SIGKILL)
            #expect(eventually { container.logged("engine-like failed after") })
            usleep(1_200_000)
            #expect(container.count("engine-like started") == 1)
            #expect(try container.get("/readyz").body.contains("engine-like is waiting"))
            try place.write("memory", "\(1 << 30)\n\(11 << 30)\n")
            usleep(700_000)
            #expect(container.count("engine-like started") == 1)
            try place.write("memory", "\(1 << 30)\n\(1 << 30)\n")
            try container.waitUntilReady()
            #expect(container.logged("the GPU memory of engine-like is back after"))
        }

        @Test func aDriverThatHangsHoldsNobodyUpForGood() throws {
            let library = try StandInLibrary(options: ["-DCASE=\"hangs\""])
            let container = try Container(
                services: "[service.engine-like]\ncommand = [\"/bin/sleep\", \"1000\"]\ngpu = true",
                environment: ["LD_LIBRARY_PATH": library.folder.path])
            // Meanwhile the port answers.
            #expect(eventually { (try? container.get("/livez"))?.status == 200 })
            try container.waitUntilReady(within: 20)
            #expect(container.logged("the GPU driver did not answer within 10 s"))
        }
    }
}

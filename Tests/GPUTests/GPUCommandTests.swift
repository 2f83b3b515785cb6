import Foundation
import GPU
import ProcessHost
import TestSupport
import Testing

/// `coxswain gpu` as a real process, with libraries that it really loads.
@Suite(.serialized, .timeLimit(.minutes(2))) struct GPUCommandTests {
    private static let library = Result { try StandInLibrary() }

    private func ask(
        _ behaviour: String, memory: String? = nil, library: StandInLibrary? = nil
    ) throws -> GPUReport {
        let library = try library ?? Self.library.get()
        return try ask(environment: library.environment(behaviour, memory: memory))
    }

    private func ask(environment: [String: String]) throws -> GPUReport {
        let result = try Shell.run(Programs.path("coxswain"), ["gpu", "--json"], environment: environment)
        #expect(result.status == 0)
        #expect(result.errors == "")
        return GPUReport.parse(result.output.utf8)
    }

    private func gpu(_ index: Int, used: UInt64) -> GPUReport.Device {
        .init(
            index: index, uuid: "GPU-\(index)", name: "NVIDIA A100", memoryTotal: 40 << 30, memoryUsed: used,
            memoryFree: 40 << 30 - used)
    }

    @Test func twoGPUs() throws {
        #expect(
            try ask("two")
                == GPUReport(driver: "550.54.15", gpus: [gpu(0, used: 1 << 20), gpu(1, used: 2 << 20)]))
    }

    @Test func isReadableForPeople() throws {
        let result = try Shell.run(
            Programs.path("coxswain"), ["gpu"], environment: try Self.library.get().environment("two"))
        #expect(
            result.output == """
                driver 550.54.15
                0  NVIDIA A100  1 MiB of 40 GiB used  GPU-0
                1  NVIDIA A100  2 MiB of 40 GiB used  GPU-1

                """)
    }

    @Test func aDividedGPUShowsItsSlices() throws {
        let report = try ask("divided")
        #expect(report.problem == nil)
        let gpu = try #require(report.gpus.first)
        #expect(report.gpus.count == 1 && gpu.memoryUsed == nil && gpu.memoryTotal == nil)
        #expect(gpu.slices?.map(\.index) == [1, 4])
        #expect(gpu.slices?.map(\.uuid) == ["MIG-0-1", "MIG-0-2"])
        #expect(gpu.slices?.map(\.name) == ["NVIDIA A100 MIG 3g.20gb", "slice of NVIDIA A100"])
        #expect(gpu.slices?.map(\.memoryUsed) == [1 << 20, 1 << 20])
        #expect(DeviceSelection("MIG-0-2").select(from: report).devices == [gpu.slices?[1]])
    }

    @Test func withoutPermissionTheRestIsSaid() throws {
        let report = try ask("divided, no permission")
        #expect(report.gpus.first?.slices?.map(\.memoryUsed) == [nil, nil])
        #expect(
            report.problem?.hasPrefix("the memory of slice 1 of GPU 0 cannot be read: Insufficient Permissions") == true
        )
        #expect(MemoryRelease.Memory(of: DeviceSelection(nil).select(from: report).devices) == nil)
    }

    @Test func aDividedGPUWithoutASliceIsNoGPU() throws {
        let report = try ask("divided, no slice")
        #expect(report.problem?.contains("no slice of it is given to this container") == true)
        #expect(DeviceSelection(nil).select(from: report).devices.isEmpty)
    }

    @Test(
        arguments: [
            ("no driver", "NVML does not start: Driver Not Loaded: load the NVIDIA driver on the host"),
            ("other version", "NVML does not start: Driver/library version mismatch"),
            ("no gpu", "the driver has no GPU"),
        ])
    func whatIsMissingIsSaid(behaviour: String, problem: String) throws {
        let report = try ask(behaviour)
        #expect(report.gpus.isEmpty)
        #expect(report.problem?.hasPrefix(problem) == true, "\(report)")
    }

    @Test func oneLostGPUHidesNoOther() throws {
        let report = try ask("one is lost")
        #expect(report.gpus == [gpu(0, used: 1 << 20)])
        #expect(report.problem == "GPU 1 cannot be opened: GPU is lost (15)")
    }

    @Test func anOldLibraryTellsWhatItCan() throws {
        let report = try ask("two", library: StandInLibrary(options: ["-DOLD"]))
        #expect(report.gpus.map(\.uuid) == ["GPU-0", "GPU-1"])
        #expect(report.gpus.map(\.memoryUsed) == [nil, nil])
        #expect(report.problem?.hasPrefix("the memory of GPU 0 cannot be read") == true)
    }

    @Test func aFileThatIsNoLibraryIsSaid() throws {
        let folder = try TestFolder()
        try folder.write("libnvidia-ml.so.1", "not a library, though long enough to be looked at by the loader")
        let report = try ask(environment: ["LD_LIBRARY_PATH": folder.path])
        #expect(report.gpus.isEmpty)
        #expect(report.problem?.hasPrefix("NVML is not there (") == true)
    }

    @Test(.enabled(if: dlopen("libnvidia-ml.so.1", RTLD_LAZY) == nil, "this machine has the real library"))
    func noLibraryIsSaid() throws {
        let report = try ask(environment: [:])
        #expect(
            report
                == GPUReport(
                    problem: "NVML is not there (libnvidia-ml.so.1: cannot open shared object file: No such file or "
                        + "directory): is this container run with a GPU (docker run --gpus all, or the Kubernetes "
                        + "limit nvidia.com/gpu)?"))
    }

    @Test func aCrashInTheLibraryIsNoReport() throws {
        let result = try Shell.run(
            Programs.path("coxswain"), ["gpu", "--json"], environment: try Self.library.get().environment("crashes"))
        #expect(result.status != 0)
        #expect(GPUReport.parse(result.output.utf8).problem?.contains("ended without a word") == true)
    }

    @Test func aPersonCanInterruptIt() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Programs.path("coxswain"))
        process.arguments = ["gpu"]
        process.environment = try Self.library.get().environment("hangs")
        try process.run()
        // Its signals are blocked until it has come as far as the library.
        #expect(
            eventually {
                let maps = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/maps", encoding: .utf8)
                return maps?.contains("libnvidia-ml") == true
            })
        kill(process.processIdentifier, SIGINT)
        if !eventually(within: 10, { !process.isRunning }) { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
    }
}

/// The whole way of PID 1: the command as a helper on its loop, and the decision.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReleaseWatchTests {
    private func ask(
        _ behaviour: String, deadline: Duration
    ) throws -> (outcome: HelperRun.Outcome?, status: Int32) {
        let library = try StandInLibrary()
        let loop = try ProcessHost.EventLoop()
        var outcome: HelperRun.Outcome?
        let run = HelperRun(
            loop: loop, command: [Programs.path("coxswain"), "gpu", "--json"],
            environment: library.environment(behaviour), deadline: deadline
        ) {
            outcome = $0
            loop.stop()
        }
        try loop.run()
        var status: Int32 = 0
        let pid = try #require(run.pid)
        #expect(waitpid(pid, &status, 0) == pid)
        return (outcome, status)
    }

    @Test func aHungLibraryIsAbandoned() throws {
        let (outcome, status) = try ask("hangs", deadline: .seconds(1))
        guard case .timedOut = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(status == SIGKILL)
    }

    @Test func theLibraryHasNoSayInTheEnd() throws {
        let (outcome, status) = try ask("hangs at exit", deadline: .seconds(20))
        guard case .output(let bytes) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(GPUReport.parse(bytes).gpus.count == 2)
        #expect(status == 0)
    }

    @Test func waitsUntilTheMemoryIsBack() throws {
        let library = try StandInLibrary()
        let memory = try library.folder.write("memory", "\(30 << 30)\n\(1 << 30)\n")
        let watch = try ReleaseWatch(
            environment: library.environment("two", memory: memory),
            baseline: .init(used: 2 << 30, total: 80 << 30))
        watch.onReading = { [library] number in
            // 1 GiB above the level before, then below it.
            if number == 2 { _ = try? library.folder.write("memory", "\(2 << 30)\n\(1 << 30)\n") }
            if number == 4 { _ = try? library.folder.write("memory", "\(1 << 30)\n\(1 << 30)\n") }
        }
        #expect(try watch.run() == [.wait, .wait, .wait, .wait, .released])
    }
}

import Foundation
import GPU
import TestSupport
import Testing

/// Against the real driver, where there is one: a process holds memory and is killed.
@Suite(
    .serialized, .timeLimit(.minutes(2)),
    .enabled(if: access("/dev/nvidiactl", R_OK | W_OK) == 0, "this machine has no GPU"))
struct RealGPUTests {
    private let environment = ProcessInfo.processInfo.environment

    @Test func tellsWhatIsThere() throws {
        let result = try Shell.run(Programs.path("coxswain"), ["gpu", "--json"], environment: environment)
        let report = GPUReport.parse(result.output.utf8)
        #expect(report.driver?.isEmpty == false)
        let gpu = try #require(report.gpus.first, "\(report.problem ?? "")")
        #expect(gpu.uuid.hasPrefix("GPU-"))
        #expect(!gpu.name.isEmpty)
        if gpu.slices == nil {
            let total = try #require(gpu.memoryTotal)
            let used = try #require(gpu.memoryUsed)
            #expect(total > 1 << 30 && used <= total)
        }
    }

    @Test func theMemoryOfAKilledProcessComesBack() throws {
        let folder = try TestFolder()
        let source = try folder.write("holder.c", Self.holder)
        let compiled = try Shell.run("clang", ["-o", "\(folder.path)/holder", source])
        #expect(compiled.status == 0, "\(compiled.errors)")
        let baseline = try #require(try ReleaseWatch.read(environment: environment))

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(folder.path)/holder")
        process.environment = environment
        let said = Pipe()
        process.standardOutput = said
        try process.run()
        // Allocated, or the end of the file with why not on its standard error.
        #expect(said.fileHandleForReading.availableData == Data("holding\n".utf8))
        let held = try #require(try ReleaseWatch.read(environment: environment))
        #expect(held.used > baseline.used + 2 << 30)

        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(try ReleaseWatch(environment: environment, baseline: baseline).run().last == .released)
    }

    /// Takes 3 GiB of the first device with the driver's own library, without CUDA's headers.
    private static let holder = #"""
        #include <dlfcn.h>
        #include <stdio.h>
        #include <unistd.h>

        static void *cuda;
        #define CALL(name, types, ...) do { \
            int (*function) types = (int (*) types)dlsym(cuda, name); \
            int code = function ? function(__VA_ARGS__) : -1; \
            if (code != 0) { fprintf(stderr, "%s: %d\n", name, code); return 1; } \
        } while (0)

        int main(void) {
            cuda = dlopen("libcuda.so.1", RTLD_NOW);
            if (!cuda) { fprintf(stderr, "%s\n", dlerror()); return 1; }
            int device;
            void *context;
            unsigned long long memory;
            CALL("cuInit", (unsigned), 0);
            CALL("cuDeviceGet", (int *, int), &device, 0);
            CALL("cuDevicePrimaryCtxRetain", (void **, int), &context, device);
            CALL("cuCtxSetCurrent", (void *), context);
            CALL("cuMemAlloc_v2", (unsigned long long *, size_t), &memory, (size_t)3 << 30);
            printf("holding\n");
            fflush(stdout);
            for (;;) pause();
        }
        """#
}

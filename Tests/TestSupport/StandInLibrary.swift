import Foundation

/// A `libnvidia-ml.so.1` of our own, really compiled and really loaded, that behaves as its environment says.
///
/// `STAND_IN` names the case; `STAND_IN_MEMORY` is a file with the bytes used of each GPU, one a line, read at each call.
package final class StandInLibrary: Sendable {
    package let folder: TestFolder

    package struct CannotCompile: Error, CustomStringConvertible { package var description: String }

    /// - Parameter options: for the compiler; `-DOLD` leaves out what old drivers lack, `-DCASE="…"` and `-DMEMORY="…"` are
    ///   for a process whose environment is not ours to set.
    package init(options: [String] = []) throws {
        folder = try TestFolder()
        let source = try folder.write("nvml.c", Self.source)
        let result = try Shell.run(
            "clang", ["-shared", "-fPIC", "-o", "\(folder.path)/libnvidia-ml.so.1", source] + options)
        guard result.status == 0 else { throw CannotCompile(description: result.errors) }
    }

    package func environment(_ behaviour: String, memory: String? = nil) -> [String: String] {
        var variables = ["LD_LIBRARY_PATH": folder.path, "STAND_IN": behaviour]
        variables["STAND_IN_MEMORY"] = memory
        return variables
    }

    private static let source = #"""
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        struct device { unsigned number, slice; };
        struct memory { unsigned long long total, free, used; };
        static struct device gpus[2] = {{0, 0}, {1, 0}}, slices[2] = {{0, 1}, {0, 2}};

        #ifndef CASE
        #define CASE getenv("STAND_IN")
        #endif
        #ifndef MEMORY
        #define MEMORY getenv("STAND_IN_MEMORY")
        #endif
        static int is(const char *name) {
            const char *wanted = CASE;
            return wanted && strcmp(wanted, name) == 0;
        }
        static int divided(void) { return is("divided") || is("divided, no permission") || is("divided, no slice"); }

        int nvmlInit_v2(void) {
            if (is("hangs")) for (;;) pause();
            if (is("crashes")) *(volatile int *)8 = 1;
            if (is("hangs at exit")) atexit((void (*)(void))pause);
            return is("no driver") ? 9 : is("other version") ? 18 : 0;
        }
        const char *nvmlErrorString(int code) {
            return code == 4 ? "Insufficient Permissions" : code == 9 ? "Driver Not Loaded"
                 : code == 15 ? "GPU is lost" : code == 18 ? "Driver/library version mismatch" : "Unknown Error";
        }
        int nvmlSystemGetDriverVersion(char *text, unsigned size) { snprintf(text, size, "550.54.15"); return 0; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = is("no gpu") ? 0 : divided() ? 1 : 2; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) {
            if (is("one is lost") && index == 1) return 15;
            *device = &gpus[index];
            return 0;
        }
        int nvmlDeviceGetUUID(struct device *device, char *text, unsigned size) {
            snprintf(text, size, device->slice ? "MIG-%u-%u" : "GPU-%u", device->number, device->slice);
            return 0;
        }
        int nvmlDeviceGetName(struct device *device, char *text, unsigned size) {
            if (device->slice == 2) return 3;  // drivers of some age name no slices
            snprintf(text, size, device->slice ? "NVIDIA A100 MIG 3g.20gb" : "NVIDIA A100");
            return 0;
        }
        #ifndef OLD
        int nvmlDeviceGetMemoryInfo(struct device *device, struct memory *memory) {
            if (divided() && (!device->slice || is("divided, no permission"))) return 4;
            memory->total = 40ull << 30;
            memory->used = (device->number + 1) << 20;
            const char *path = MEMORY;
            FILE *file = path ? fopen(path, "r") : NULL;
            for (unsigned line = 0; file && line <= device->number; line++)
                if (fscanf(file, "%llu", &memory->used) != 1) return 999;
            if (file) fclose(file);
            memory->free = memory->total - memory->used;
            return 0;
        }
        int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
            *current = *pending = divided();
            return divided() ? 0 : 3;
        }
        int nvmlDeviceGetMaxMigDeviceCount(struct device *device, unsigned *count) { *count = 7; return 0; }
        int nvmlDeviceGetMigDeviceHandleByIndex(struct device *device, unsigned index, struct device **slice) {
            // Numbers have gaps.
            if (is("divided, no slice") || (index != 1 && index != 4)) return 6;
            *slice = &slices[index == 4];
            return 0;
        }
        #endif
        """#
}

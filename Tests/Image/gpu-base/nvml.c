// NVIDIA's library, of a machine with one GPU of which nobody uses anything: what a container sees in the place of the driver's.
#include <stdio.h>

struct device { int unused; };
struct memory { unsigned long long total, free, used; };
static struct device gpu;

int nvmlInit_v2(void) { return 0; }
const char *nvmlErrorString(int code) { (void)code; return "Unknown Error"; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { snprintf(text, size, "550.54.15"); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) { (void)index; *device = &gpu; return 0; }
int nvmlDeviceGetUUID(struct device *device, char *text, unsigned size) {
    (void)device;
    snprintf(text, size, "GPU-0");
    return 0;
}
int nvmlDeviceGetName(struct device *device, char *text, unsigned size) {
    (void)device;
    snprintf(text, size, "stand-in");
    return 0;
}
int nvmlDeviceGetMemoryInfo(struct device *device, struct memory *memory) {
    (void)device;
    *memory = (struct memory){40ull << 30, 39ull << 30, 1ull << 30};
    return 0;
}
int nvmlDeviceGetMigMode(struct device *device, unsigned *current, unsigned *pending) {
    (void)device;
    *current = *pending = 0;
    return 3;  // NVML_ERROR_NOT_SUPPORTED
}

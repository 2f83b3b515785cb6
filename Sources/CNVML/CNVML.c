#include "CNVML.h"

#include <dlfcn.h>
#include <stdio.h>

static struct {
    int (*init)(void);
    const char *(*error)(int);
    int (*driver_version)(char *, unsigned);
    int (*count)(unsigned *);
    int (*open)(unsigned, cnvml_device **);
    int (*uuid)(cnvml_device *, char *, unsigned);
    int (*name)(cnvml_device *, char *, unsigned);
    int (*memory)(cnvml_device *, struct cnvml_memory *);
    int (*mig_mode)(cnvml_device *, unsigned *current, unsigned *pending);
    int (*mig_capacity)(cnvml_device *, unsigned *);
    int (*mig_open)(cnvml_device *, unsigned, cnvml_device **);
} nvml;

int cnvml_load(char *problem, size_t capacity) {
    // All at once: a library that lacks something of its own says so here, and not in the middle of a call.
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *words = dlerror();
        snprintf(problem, capacity, "%s", words ? words : "it cannot be loaded");
        return -1;
    }
    // POSIX lets a pointer to a function be kept in one to an object, C alone does not.
    const struct {
        void *place;
        const char *name;
    } functions[] = {
        {&nvml.init, "nvmlInit_v2"},
        {&nvml.error, "nvmlErrorString"},
        {&nvml.driver_version, "nvmlSystemGetDriverVersion"},
        {&nvml.count, "nvmlDeviceGetCount_v2"},
        {&nvml.open, "nvmlDeviceGetHandleByIndex_v2"},
        {&nvml.uuid, "nvmlDeviceGetUUID"},
        {&nvml.name, "nvmlDeviceGetName"},
        {&nvml.memory, "nvmlDeviceGetMemoryInfo"},
        {&nvml.mig_mode, "nvmlDeviceGetMigMode"},
        {&nvml.mig_capacity, "nvmlDeviceGetMaxMigDeviceCount"},
        {&nvml.mig_open, "nvmlDeviceGetMigDeviceHandleByIndex"},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        *(void **)functions[i].place = dlsym(library, functions[i].name);
    return 0;
}

int cnvml_start(void) { return nvml.init ? nvml.init() : CNVML_FUNCTION_NOT_FOUND; }

// A text that the library filled to its very end, or not at all, ends all the same.
static int text(int code, char *text, unsigned capacity) {
    text[code == CNVML_SUCCESS ? capacity - 1 : 0] = 0;
    return code;
}

int cnvml_driver_version(char *version, unsigned capacity) {
    return text(nvml.driver_version ? nvml.driver_version(version, capacity) : CNVML_FUNCTION_NOT_FOUND, version, capacity);
}

int cnvml_uuid(cnvml_device *device, char *uuid, unsigned capacity) {
    return text(nvml.uuid ? nvml.uuid(device, uuid, capacity) : CNVML_FUNCTION_NOT_FOUND, uuid, capacity);
}

int cnvml_name(cnvml_device *device, char *name, unsigned capacity) {
    return text(nvml.name ? nvml.name(device, name, capacity) : CNVML_FUNCTION_NOT_FOUND, name, capacity);
}

int cnvml_memory(cnvml_device *device, struct cnvml_memory *memory) {
    return nvml.memory ? nvml.memory(device, memory) : CNVML_FUNCTION_NOT_FOUND;
}

int cnvml_count(unsigned *count) { return nvml.count ? nvml.count(count) : CNVML_FUNCTION_NOT_FOUND; }

int cnvml_open(unsigned index, cnvml_device **device) {
    return nvml.open ? nvml.open(index, device) : CNVML_FUNCTION_NOT_FOUND;
}

int cnvml_is_divided(cnvml_device *device, unsigned *divided) {
    // What it will be after the next reset is of no interest here.
    unsigned pending;
    return nvml.mig_mode ? nvml.mig_mode(device, divided, &pending) : CNVML_FUNCTION_NOT_FOUND;
}

int cnvml_slice_capacity(cnvml_device *device, unsigned *count) {
    return nvml.mig_capacity ? nvml.mig_capacity(device, count) : CNVML_FUNCTION_NOT_FOUND;
}

int cnvml_open_slice(cnvml_device *device, unsigned index, cnvml_device **slice) {
    return nvml.mig_open ? nvml.mig_open(device, index, slice) : CNVML_FUNCTION_NOT_FOUND;
}

const char *cnvml_error(int code) {
    const char *words = nvml.error ? nvml.error(code) : NULL;
    return words ? words : "unknown error";
}

// NVIDIA's management library, loaded when it is asked for: nothing here links it or needs its headers.
//
// Declared after the NVML API Reference Guide. One thread only: what was loaded is kept in the library's own variables.
// Except where noted, functions return NVML's codes: 0 is success, CNVML_FUNCTION_NOT_FOUND what a driver too old lacks.
#pragma once

#include <stddef.h>

enum {
    CNVML_SUCCESS = 0,
    CNVML_NOT_SUPPORTED = 3,
    CNVML_NO_PERMISSION = 4,
    CNVML_NOT_FOUND = 6,
    CNVML_DRIVER_NOT_LOADED = 9,
    CNVML_FUNCTION_NOT_FOUND = 13,
    CNVML_VERSION_MISMATCH = 18,
};

// A GPU, or one slice of it (MIG).
typedef struct cnvml_device cnvml_device;

// In bytes. NVML's own layout, version 1.
struct cnvml_memory {
    unsigned long long total, free, used;
};

// Loads libnvidia-ml.so.1 the way dlopen(3) finds it: LD_LIBRARY_PATH, then the loader's cache.
//
// Returns 0, or -1 with the loader's words in `problem`.
int cnvml_load(char *problem, size_t capacity);

// Must come before all below. Opens the driver, and may wait for it without end.
int cnvml_start(void);

// Texts are cut to `capacity` and always end with a zero byte.
int cnvml_driver_version(char *text, unsigned capacity);
int cnvml_uuid(cnvml_device *device, char *text, unsigned capacity);
int cnvml_name(cnvml_device *device, char *text, unsigned capacity);
int cnvml_memory(cnvml_device *device, struct cnvml_memory *memory);

// GPUs, also those that this process may not open.
int cnvml_count(unsigned *count);
int cnvml_open(unsigned index, cnvml_device **device);

// Whether the GPU is divided now, 0 or 1; CNVML_NOT_SUPPORTED where it cannot be.
int cnvml_is_divided(cnvml_device *device, unsigned *divided);
// The most slices that the GPU can have; they are numbered from 0, with gaps.
int cnvml_slice_capacity(cnvml_device *device, unsigned *count);
int cnvml_open_slice(cnvml_device *device, unsigned index, cnvml_device **slice);

// NVML's own words for one of its codes.
const char *cnvml_error(int code);

#include "CVersion.h"

// Volatile, since what the file holds when the program runs is not what the compiler sees here.
__attribute__((used, section(".coxswain.version"))) static const volatile char version[64] = COX_VERSION_BUILT_BY_HAND;

const char *cox_version(void) { return (const char *)version; }

#pragma once

// Compiled twice, for x86-64 as it was in the beginning and as it has been since 2013; which one runs is found out when
// the program starts.
#if defined(__x86_64__) && __has_attribute(target_clones)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

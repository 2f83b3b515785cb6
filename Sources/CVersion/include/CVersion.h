// The version of all programs of this package.
//
// It lies in a section of its own, of a fixed size, so that etc/build/dist can write the version that git makes into a
// program that is already built (`objcopy --update-section`): a version recompiles nothing.
#pragma once

#ifndef __clang__
#define _Nonnull
#endif

// What a program says that etc/build/dist has not stamped: the version that comes next, by semantic versioning, and "-dev".
#define COX_VERSION_BUILT_BY_HAND "0.1.0-dev"

// Zero-terminated, at most 63 bytes; of static storage.
const char *_Nonnull cox_version(void);

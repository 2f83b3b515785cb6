// What this process says on standard error, and its last words when it crashes. For one process that is never forked
// without exec.
#pragma once

#include <stddef.h>
#include <sys/types.h>

// Puts a memory file in the place of descriptor 2, so that nobody who writes there ever waits for a reader. It takes
// COX_ERRORS_CAPACITY bytes and is sealed at that size: what is written beyond fails with EPERM, and is lost.
//
// Returns 0, or -1 with errno, and descriptor 2 is what it was.
int cox_own_errors_begin(void);

enum { COX_ERRORS_CAPACITY = 65536 };

// What was written to it since the last call: copies at most `capacity` bytes, and returns how many; 0 when there is nothing
// new. Only one thread may call it.
size_t cox_own_errors_next(char *buffer, size_t capacity);

// From now on a crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS) writes what it is, and what was last said
// on standard error, to `file` (at most 4096 bytes, if it is there, and is a regular file) and, as one line of at most
// PIPE_BUF bytes, to `output`, if that can take it without waiting. Then the signal does what it does by default; process 1
// of a PID namespace, which the kernel spares that, leaves with COX_CRASH_STATUS.
//
// Process 1 passes over such a signal that another process of its own namespace sends, as the kernel does without a handler.
//
// Runs on a stack of its own on the thread that calls this; on others, on theirs.
//
// json: the line for `output` is a record in JSON; otherwise it is for people.
int cox_crash_catch(const char *file, int output, int json);

// EX_SOFTWARE of sysexits.h.
enum { COX_CRASH_STATUS = 70 };

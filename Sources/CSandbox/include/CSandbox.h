#pragma once
#include <stddef.h>

// What a process that is about to read untrusted bytes takes from itself, for good: Landlock and a seccomp filter, by bare
// system calls, so that no library is needed that knows of them. Each function restricts the calling thread and what it
// starts later, so all of them belong before the first thread. Each returns 0, or the errno with which the kernel refused.

// No program grants more rights any more (PR_SET_NO_NEW_PRIVS, which the others need), all capabilities are gone, and no
// other process of the same user reads this one's memory or traces it (PR_SET_DUMPABLE).
int csandbox_give_up_privileges(void);

// The version of Landlock's interface, 1 or more. 0 and errno where there is none: ENOSYS (not built into the kernel),
// EOPNOTSUPP (not enabled at its start), EPERM (the container's own seccomp profile forbids to ask).
int csandbox_landlock_version(void);

// Oldest versions of Landlock's interface that can do more than guard files.
enum {
    CSANDBOX_LANDLOCK_NETWORK = 4,  // TCP: Linux 6.7
    CSANDBOX_LANDLOCK_SIGNALS = 6,  // signals to others, and abstract Unix sockets: Linux 6.12
};

// Files can be read in and beneath `readable`, and nowhere else; nothing can be written, made, removed, renamed or executed
// anywhere. By `version`: no TCP, no signals to processes outside, no abstract Unix sockets of processes outside.
// Descriptors that are open, and that others pass, stay as they are. A path that does not exist is left out. What Landlock
// does not know of goes on: names, sizes and permissions of files can still be asked for.
int csandbox_restrict_files(const char *const *readable, size_t count, int version);

// The system calls in filter.c, and no others. Call it last: it also ends the loading of libraries.
int csandbox_filter_system_calls(void);

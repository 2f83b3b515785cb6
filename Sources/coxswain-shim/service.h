#pragma once

#include <stdint.h>
#include <sys/types.h>

// What keeps a service from being started: option -1 is exec itself.
struct start_failure {
    int32_t error;
    int32_t option;
};

// As fork(2). Where the options name a control group of version 2 the child is born in it, which costs nothing; for a process
// to move takes the kernel some 10 ms (it waits for all others to leave a critical section). Sets `joined` to the number of
// the option that is done with, or -1.
pid_t fork_into(char **options, int *joined);

// Runs in the child, between fork and exec, and does not return. `options` end with "--", the program follows; number `joined`
// of them has been carried out.
// What fails goes to `failure`, a close-on-exec pipe; what the kernel refuses goes to the supervisor.
_Noreturn void become_service(char **options, int joined, int failure);

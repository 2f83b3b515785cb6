// What the supervisor and coxswain-shim say to each other, one message a packet on a SOCK_SEQPACKET socket. Both ends
// come from one build and run on one machine, so plain structures will do.
#pragma once

#include <stdint.h>

enum cox_shim_command_kind {
    COX_SHIM_SIGNAL = 1,  // send `signal` to the service's main process
    COX_SHIM_KILL = 2,    // kill the whole tree
};

struct cox_shim_command {
    int32_t kind;
    int32_t signal;
};

enum cox_shim_report_kind {
    COX_SHIM_STARTED = 1,      // pid: the service runs
    COX_SHIM_NOT_STARTED = 2,  // value: errno of fork or exec
    COX_SHIM_EXITED = 3,       // value: raw wait status of the service's main process, and what it used
    COX_SHIM_GONE = 4,         // nothing is left; value: descendants that had to be killed
};

struct cox_shim_report {
    int32_t kind;
    int32_t pid;
    int64_t value;
    int64_t user_microseconds;
    int64_t system_microseconds;
    int64_t peak_kibibytes;
};

// What the supervisor and coxswain-shim say to each other, one message a packet on a SOCK_SEQPACKET socket. Both ends
// come from one build and run on one machine, so plain structures will do.
//
// The shim is started as `coxswain-shim CONTROL-FD [OPTION…] -- PROGRAM [ARGUMENTS…]`. The options are carried out one after
// the other, in their order, by the child between fork and exec. Those before the first of `groups`, `group`, `user` and
// `directory` may need root, so the supervisor puts them first.
//
//     oom=N             /proc/self/oom_score_adj
//     nice=N            nice value, -20…19
//     cgroup=FILE       joins the control group whose cgroup.procs this is
//     limit=R:SOFT:HARD setrlimit(2) by numbers; 18446744073709551615 is no limit
//     groups=N,N…       supplementary groups, none when empty
//     group=N, user=N   real, effective and saved
//     directory=PATH    working directory
//
// What the kernel refuses of the first four is reported by COX_SHIM_REFUSED and the service starts without it. It does not
// start where one of the others fails: it would run with more rights than it should, or in the wrong place.
#pragma once

#include <stdint.h>

enum cox_shim_command_kind {
    COX_SHIM_SIGNAL = 1,              // send `signal` to the service's main process
    COX_SHIM_KILL = 2,                // kill the whole tree
    COX_SHIM_SIGNAL_DESCENDANTS = 3,  // send `signal` to all of the tree but the main process, the deepest first
};

struct cox_shim_command {
    int32_t kind;
    int32_t signal;
};

enum cox_shim_report_kind {
    COX_SHIM_STARTED = 1,      // pid: the service runs
    COX_SHIM_NOT_STARTED = 2,  // value: errno; option: which one failed, -1 for exec, -2 for fork
    COX_SHIM_EXITED = 3,       // value: raw wait status of the service's main process, and what it used
    COX_SHIM_GONE = 4,         // nothing is left; value: descendants that died of SIGKILL, and what the whole tree used
    COX_SHIM_REFUSED = 5,      // before STARTED; value: errno; option: which one, counted from 0; allowed: what a limit is now
    COX_SHIM_STUCK = 6,        // pid does not die; state: as proc(5) has it; value: errno of kill; detail: where it waits
};

struct cox_shim_report {
    int32_t kind;
    int32_t pid;
    int32_t option;
    char state;
    char detail[43];
    int64_t value;
    uint64_t allowed;
    int64_t user_microseconds;
    int64_t system_microseconds;
    int64_t peak_kibibytes;
};

// Who hangs below this process, as /proc tells.
#pragma once

#include <sys/types.h>

struct process {
    pid_t pid;
    pid_t parent;
    char state;  // as in proc(5)
};

// Calls `act` with each child of ours, ended ones that were not reaped included. Returns -1 where the kernel keeps no such
// list (no CONFIG_PROC_CHILDREN, or no /proc).
int each_child(void (*act)(struct process));

// Calls `act` with all that is below us at this moment, later numbers first, which mostly is the deepest first. Reads every
// process there is. Returns -1 without /proc.
int each_descendant(void (*act)(struct process));

// Reads a small file of /proc/PID as text that ends in 0. Returns its length, or -1.
ssize_t read_of_process(pid_t pid, const char *name, char *text, size_t capacity);

// System calls that Swift cannot make itself: those with macros, variadic arguments, structures of GNU C, or rules about
// what may run between clone and exec. Every function returns what the call returns; errors are in errno.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "CLinuxCrash.h"
#include "CLinuxFiles.h"

// --- Processes -------------------------------------------------------------------------------------------------------

// Starts a program by clone(CLONE_VM | CLONE_VFORK): no copy of the page tables, no Swift until exec.
//
// The child gets its own session, default dispositions for all signals, an empty signal mask, descriptor i =
// descriptors[i] for i < descriptor_count, and no other descriptor. No PR_SET_PDEATHSIG: it fires when the thread
// that forked ends.
//
// Returns the process id, or -1 with errno: what clone or exec said.
pid_t cox_spawn(const char *path, char *const argv[], char *const envp[], const int *descriptors, int descriptor_count);

int cox_set_child_subreaper(void);
// Cores that this process may run on.
int cox_affinity_count(void);

struct cox_ended {
    pid_t pid;
    int wait_status;  // raw
    int64_t user_microseconds;
    int64_t system_microseconds;
    int64_t peak_kibibytes;
};

// Collects one ended child without waiting, `which` or (-1) whichever it is: 1, 0 when it has not ended, -1 when there is no
// such child.
int cox_reap(pid_t which, struct cox_ended *ended);

// --- Events ----------------------------------------------------------------------------------------------------------

enum { COX_READABLE = 1, COX_WRITABLE = 2, COX_HANGUP = 4 };

int cox_epoll_create(void);
// events 0 removes the descriptor; otherwise it is added or changed.
int cox_epoll_set(int epoll, int descriptor, int events, uint64_t token);
// Waits without limit. Fills tokens and events, returns how many; EINTR is 0.
int cox_epoll_wait(int epoll, uint64_t *tokens, int *events, int capacity);

int cox_eventfd(void);
int cox_timerfd(void);
// Sets the timer to an absolute CLOCK_BOOTTIME time in nanoseconds; 0 disarms it.
int cox_timerfd_set(int timer, uint64_t nanoseconds);
// CLOCK_BOOTTIME: goes on while the machine sleeps, never goes back.
uint64_t cox_now_nanoseconds(void);

// A signalfd for all signals that can be blocked, except those of faults.
int cox_signalfd(void);
// The next signal that arrived, or 0.
int cox_signalfd_next(int descriptor);
// Blocks in the calling thread what cox_signalfd reads, and nothing else.
void cox_block_signals(void);

// --- Sockets ---------------------------------------------------------------------------------------------------------

// A pair of connected SOCK_SEQPACKET sockets, close-on-exec.
int cox_socketpair_seqpacket(int pair[2]);
// Makes the descriptor of an AF_UNIX SOCK_DGRAM socket tell who sent each message.
int cox_pass_credentials(int descriptor);
// One datagram without waiting, and the process id of its sender (0 when unknown). Returns its length, 0 when there is
// none, -1 on error.
ssize_t cox_receive_with_pid(int descriptor, void *buffer, size_t capacity, pid_t *sender);

// --- Files -----------------------------------------------------------------------------------------------------------

// A pipe, both ends close-on-exec; the end that reads does not block.
int cox_pipe(int ends[2]);
// flock(LOCK_EX | LOCK_NB): 0, or -1 with EWOULDBLOCK.
int cox_lock_file(int descriptor);

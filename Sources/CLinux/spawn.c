#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct plan {
    const char *path;
    char *const *argv;
    char *const *envp;
    const int *descriptors;
    int descriptor_count;
    int failure;  // errno of the child; shared, since the child runs in our memory
};

// Runs in our memory while we are suspended: only plain system calls, nothing that takes a lock or allocates.
static int child(void *argument) {
    struct plan *plan = argument;
    setsid();

    // The kernel resets handlers at exec, but what is ignored stays ignored. Not through sigaction(3), which leaves out
    // the two signals that the C library keeps for itself; the kernel's structure is all zeros for the default.
    const unsigned long by_default[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, by_default, NULL, NSIG / 8);

    // First out of the way of every target, then each to its place: a source may be another's target.
    int moved[64];
    for (int i = 0; i < plan->descriptor_count; i++) {
        moved[i] = fcntl(plan->descriptors[i], F_DUPFD_CLOEXEC, 128);
        if (moved[i] < 0) goto failed;
    }
    for (int i = 0; i < plan->descriptor_count; i++)
        if (dup2(moved[i], i) < 0) goto failed;
    // Older kernels lack CLOSE_RANGE_CLOEXEC; all of our own descriptors are close-on-exec anyway.
    syscall(SYS_close_range, plan->descriptor_count, ~0u, CLOSE_RANGE_CLOEXEC);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(plan->path, plan->argv, plan->envp);
failed:
    plan->failure = errno;
    _exit(127);
}

pid_t cox_spawn(const char *path, char *const argv[], char *const envp[], const int *descriptors, int descriptor_count) {
    if (descriptor_count > 64) {
        errno = EINVAL;
        return -1;
    }
    struct plan plan = {path, argv, envp, descriptors, descriptor_count, 0};
    // Kept: as a rule one thread starts processes, and to take it down again costs as much as all the rest.
    static _Thread_local char *stack;
    const size_t stack_size = 64 * 1024;
    if (!stack) {
        void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED) return -1;
        stack = memory;
    }

    // A signal that arrives between clone and exec would run a handler of ours in the child, on our memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(child, stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (pid < 0) {
        errno = error;
        return -1;
    }
    if (plan.failure != 0) {
        waitpid(pid, NULL, 0);
        errno = plan.failure;
        return -1;
    }
    return pid;
}

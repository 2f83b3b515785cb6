#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// --- Processes -------------------------------------------------------------------------------------------------------

int cox_set_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int cox_affinity_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int cox_reap(pid_t which, struct cox_ended *ended) {
    struct rusage usage;
    pid_t got = wait4(which, &ended->wait_status, WNOHANG | __WALL, &usage);
    if (got <= 0) return (int)got;
    ended->pid = got;
    ended->user_microseconds = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
    ended->system_microseconds = usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec;
    ended->peak_kibibytes = usage.ru_maxrss;
    return 1;
}

// --- Events ----------------------------------------------------------------------------------------------------------

int cox_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cox_epoll_set(int epoll, int descriptor, int events, uint64_t token) {
    if (events == 0) return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL);
    struct epoll_event event = {0};
    if (events & COX_READABLE) event.events |= EPOLLIN;
    if (events & COX_WRITABLE) event.events |= EPOLLOUT;
    event.data.u64 = token;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return 0;
    return errno == EEXIST ? epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) : -1;
}

int cox_epoll_wait(int epoll, uint64_t *tokens, int *events, int capacity) {
    struct epoll_event got[64];
    int count = epoll_wait(epoll, got, capacity < 64 ? capacity : 64, -1);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        tokens[i] = got[i].data.u64;
        events[i] = (got[i].events & EPOLLIN ? COX_READABLE : 0) | (got[i].events & EPOLLOUT ? COX_WRITABLE : 0) |
                    (got[i].events & (EPOLLHUP | EPOLLERR) ? COX_HANGUP : 0);
    }
    return count;
}

int cox_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cox_timerfd(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int cox_timerfd_set(int timer, uint64_t nanoseconds) {
    struct itimerspec when = {0};
    when.it_value.tv_sec = (time_t)(nanoseconds / 1000000000u);
    when.it_value.tv_nsec = (long)(nanoseconds % 1000000000u);
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

uint64_t cox_now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void handled_signals(sigset_t *set) {
    sigfillset(set);
    // A fault in our own code must end us at once: blocked, it would end us without its core or loop for ever.
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(set, faults[i]);
}

int cox_signalfd(void) {
    sigset_t set;
    handled_signals(&set);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int cox_signalfd_next(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

void cox_block_signals(void) {
    sigset_t set;
    handled_signals(&set);
    // Exactly these: whoever started us may have left us with those of faults blocked.
    sigprocmask(SIG_SETMASK, &set, NULL);
}

// --- Sockets ---------------------------------------------------------------------------------------------------------

int cox_socketpair_seqpacket(int pair[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair); }

int cox_pass_credentials(int descriptor) {
    int yes = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
}

ssize_t cox_receive_with_pid(int descriptor, void *buffer, size_t capacity, pid_t *sender) {
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(16 * sizeof(int))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t length = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    *sender = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            *sender = credentials.pid;
        } else if (header->cmsg_type == SCM_RIGHTS) {
            // Nobody was asked for descriptors: what is sent all the same must not pile up.
            size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; i++) {
                int descriptor_sent;
                memcpy(&descriptor_sent, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor_sent);
                close(descriptor_sent);
            }
        }
    }
    return length;
}

// --- Files -----------------------------------------------------------------------------------------------------------

int cox_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int cox_lock_file(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

// coxswain-shim CONTROL-FD [OPTION…] -- PROGRAM [ARGUMENTS…]
//
// Stands between the supervisor and one service, so that a service's tree is exactly what hangs below its shim: child
// subreaper, parent of the service, reaper of all its descendants. When the service ends, or the supervisor says so, or
// the supervisor is gone, it kills every descendant until none is left, and goes last.
//
// It keeps the rights, the control group and the limits of the supervisor; the options change the service alone.
// CONTROL-FD and the options are in CShimProtocol.h.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CVersion.h"
#include "service.h"
#include "tell.h"
#include "tree.h"

// So long a tree may take to die before the supervisor is told that a process does not.
#define PATIENCE_MS 5000

int control;
static pid_t service;   // 0 once it has been reaped
static int ending;      // from here on everything is killed
static int64_t killed;  // descendants that died of SIGKILL since

void tell(struct cox_shim_report report) { send(control, &report, sizeof report, MSG_NOSIGNAL); }

static struct cox_shim_report with_usage(struct cox_shim_report report, struct rusage usage) {
    report.user_microseconds = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
    report.system_microseconds = usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec;
    report.peak_kibibytes = usage.ru_maxrss;
    return report;
}

enum left { NOBODY, SOME_LIVE, MORE_TO_COLLECT };

// Collects what has ended, so many at a time that a tree that forks all the time does not keep us from a command.
static enum left reap(void) {
    for (int count = 0; count < 256; count++) {
        siginfo_t ended = {0};
        if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0)
            return errno == ECHILD ? NOBODY : SOME_LIVE;
        if (ended.si_pid == 0) return SOME_LIVE;
        const int is_service = ended.si_pid == service;
        // As long as it is not reaped its number is still its group's: all of that at one blow, however fast it forks.
        if (is_service) kill(-service, SIGKILL);
        int status;
        struct rusage usage;
        if (wait4(ended.si_pid, &status, WNOHANG | __WALL, &usage) != ended.si_pid) continue;
        if (!is_service) {
            killed += ending && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            continue;
        }
        service = 0;
        ending = 1;
        tell(with_usage((struct cox_shim_report){.kind = COX_SHIM_EXITED, .pid = ended.si_pid, .value = status}, usage));
    }
    return MORE_TO_COLLECT;
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// --- Signals to others than the main process -------------------------------------------------------------------------

static int sent_signal;
static int64_t patient_until;

// One after the other: processes that print where they hang write in small pieces, and to the same log. Each has a moment to
// end, and all together a second, in which nothing else is done here.
static void signal_descendant(struct process process) {
    if (process.pid == service || process.state == 'Z') return;
    const int handle = (int)syscall(SYS_pidfd_open, process.pid, 0);  // since Linux 5.3; without it nobody waits
    kill(process.pid, sent_signal);
    if (handle < 0) return;
    const int64_t left = patient_until - milliseconds();
    struct pollfd end = {.fd = handle, .events = POLLIN};
    if (left > 0) poll(&end, 1, left < 200 ? (int)left : 200);
    close(handle);
}

static void signal_descendants(int number) {
    sent_signal = number;
    patient_until = milliseconds() + 1000;
    each_descendant(signal_descendant);
}

// --- The end ---------------------------------------------------------------------------------------------------------

static void kill_one(struct process process) {
    if (process.pid > 1) kill(process.pid, SIGKILL);
}

static struct process survivor;

static void note_survivor(struct process process) {
    // An ended process is one that does not die only if nothing else is left: then it has threads that do not.
    if (survivor.pid == 0 || survivor.state == 'Z') survivor = process;
}

static void tell_survivor(void) {
    each_descendant(note_survivor);
    if (survivor.pid == 0) return;
    struct cox_shim_report report = {.kind = COX_SHIM_STUCK, .pid = survivor.pid, .state = survivor.state};
    if (kill(survivor.pid, SIGKILL) != 0) report.value = errno;
    // Empty or "0" where we may not know, or where it does not wait.
    read_of_process(survivor.pid, "wchan", report.detail, sizeof report.detail);
    tell(report);
}

static void kill_everything(void) {
    ending = 1;
    if (service) kill(-service, SIGKILL);
    const int64_t began = milliseconds();
    int told = 0;
    while (reap() != NOBODY) {
        // Our direct children are enough, as a rule: what hangs below them becomes ours as they die. Without /proc the
        // service and its group are all that we can name.
        if (each_child(kill_one) != 0) each_descendant(kill_one);
        const enum left left = reap();
        if (left == NOBODY) break;
        if (left == MORE_TO_COLLECT) continue;
        const int64_t passed = milliseconds() - began;
        if (passed >= PATIENCE_MS && !told) {
            told = 1;
            tell_survivor();
        }
        // A tree that forks all the time is overtaken only by not sleeping; one that is stuck in the kernel must not
        // keep a core busy, perhaps for hours. So: naps that the next death ends, ever longer ones if nobody dies.
        const int64_t longest = told ? 500 : 100;
        const int64_t nap = passed / 4 < 1 ? 1 : passed / 4 > longest ? longest : passed / 4;
        const struct timespec time = {.tv_sec = 0, .tv_nsec = nap * 1000000};
        sigset_t death;
        sigemptyset(&death);
        sigaddset(&death, SIGCHLD);
        // One that is stuck in the kernel keeps its children: they are not ours until it ends.
        if (sigtimedwait(&death, NULL, &time) < 0) each_descendant(kill_one);
    }
    struct rusage usage = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    tell(with_usage((struct cox_shim_report){.kind = COX_SHIM_GONE, .value = killed}, usage));
}

// --- The life --------------------------------------------------------------------------------------------------------

static void not_started(struct start_failure failure) {
    tell((struct cox_shim_report){.kind = COX_SHIM_NOT_STARTED, .value = failure.error, .option = failure.option});
}

// Forks the service. Returns the pipe that tells how its start goes, or -1 after saying why not.
static int start(char **options) {
    int ends[2] = {-1, -1};
    int joined;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 || (service = fork_into(options, &joined)) < 0) {
        not_started((struct start_failure){.error = errno, .option = -2});
        service = 0;
        return -1;
    }
    if (service == 0) become_service(options, joined, ends[1]);
    close(ends[1]);
    return ends[0];
}

// Returns 1 when the service does not start; `starting` becomes -1 once that is decided.
static int follow_start(int *starting) {
    struct start_failure failure;
    ssize_t length = read(*starting, &failure, sizeof failure);
    if (length < 0) return 0;
    close(*starting);
    *starting = -1;
    if (length == 0) {  // end of file: exec took place
        tell((struct cox_shim_report){.kind = COX_SHIM_STARTED, .pid = service});
        return 0;
    }
    not_started(failure);
    waitpid(service, NULL, 0);  // it does nothing any more but end
    service = 0;
    return 1;
}

// Returns 1 when all is to be killed.
static int obey(void) {
    struct cox_shim_command command;
    ssize_t length = recv(control, &command, sizeof command, MSG_DONTWAIT);
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (length != sizeof command || command.kind == COX_SHIM_KILL) return 1;
    if (command.kind == COX_SHIM_SIGNAL) kill(service, command.signal);
    if (command.kind == COX_SHIM_SIGNAL_DESCENDANTS) signal_descendants(command.signal);
    return 0;
}

static void follow(int starting) {
    sigset_t deaths;
    sigemptyset(&deaths);
    sigaddset(&deaths, SIGCHLD);
    struct pollfd wait[3] = {
        {.fd = starting, .events = POLLIN},
        {.fd = signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
        {.fd = control, .events = POLLIN},
    };
    enum left left = SOME_LIVE;
    while (service != 0) {
        if (poll(wait, 3, left == MORE_TO_COLLECT ? 0 : -1) < 0) continue;
        // Before its death: a start that fails ends at once, and a start that succeeds may.
        if (wait[0].fd >= 0 && follow_start(&wait[0].fd)) return;
        if (wait[1].revents || left == MORE_TO_COLLECT) {
            struct signalfd_siginfo info;
            while (read(wait[1].fd, &info, sizeof info) > 0) {}
            left = reap();
        }
        if (wait[2].revents && service != 0 && obey()) return;
    }
}

static void say(int descriptor, const char *text) {
    ssize_t ignored = write(descriptor, text, strlen(text));
    (void)ignored;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        say(1, cox_version());
        say(1, "\n");
        return 0;
    }
    int options_end = 2;
    while (options_end < argc && strcmp(argv[options_end], "--") != 0) options_end++;
    if (options_end + 1 >= argc) {
        say(2, "usage: coxswain-shim CONTROL-FD [OPTION…] -- PROGRAM [ARGUMENTS…]\n");
        return 64;
    }
    control = atoi(argv[1]);
    fcntl(control, F_SETFD, FD_CLOEXEC);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

    int starting = start(argv + 2);
    // What the service inherits is its own: a listening socket or a log pipe must not stay open through us.
    for (int descriptor = 0; descriptor < control; descriptor++)
        if (descriptor != starting) close(descriptor);
    if (starting >= 0) follow(starting);
    kill_everything();
    return 0;
}

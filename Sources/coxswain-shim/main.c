// coxswain-shim CONTROL-FD PROGRAM [ARGUMENTS…]
//
// Stands between the supervisor and one service, so that a service's tree is exactly what hangs below its shim: child
// subreaper, parent of the service, reaper of all its descendants. When the service ends, or the supervisor says so, or
// the supervisor is gone, it kills every descendant until none is left, and goes last.
//
// CONTROL-FD is a SOCK_SEQPACKET socket whose messages are in shim.h. Its end of file means that the supervisor is gone.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CShimProtocol.h"

static int control;
static pid_t service;       // 0 once it has been reaped
static int descendants;     // killed after the service itself

static void tell(struct cox_shim_report report) {
    // The supervisor reads all the time; when it is gone there is nobody to tell.
    send(control, &report, sizeof report, MSG_NOSIGNAL);
}

// Runs in the child. What it cannot do is told by exec_error, a close-on-exec pipe.
static void become_service(char **argv, int exec_error) {
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct rlimit no_core = {0, 0};  // a core file would hold documents
    setrlimit(RLIMIT_CORE, &no_core);
    if (getenv("LISTEN_FDS")) {
        char pid[24];
        snprintf(pid, sizeof pid, "%ld", (long)getpid());
        setenv("LISTEN_PID", pid, 1);
    }
    execvp(argv[0], argv);
    int error = errno;
    ssize_t ignored = write(exec_error, &error, sizeof error);
    (void)ignored;
    _exit(error == ENOENT ? 127 : 126);
}

// Collects all that has ended. Returns 0 when no child is left at all.
static int reap(void) {
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
        if (pid == 0) return 1;
        if (pid < 0) return errno == ECHILD ? 0 : 1;
        if (pid != service) continue;
        service = 0;
        tell((struct cox_shim_report){
            .kind = COX_SHIM_EXITED,
            .pid = pid,
            .value = status,
            .user_microseconds = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
            .system_microseconds = usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec,
            .peak_kibibytes = usage.ru_maxrss,
        });
    }
}

static void kill_child(long pid) {
    if (pid <= 1) return;
    if (kill((pid_t)pid, SIGKILL) == 0 && pid != service) descendants++;
}

// Kernels without CONFIG_PROC_CHILDREN: every process whose parent we are.
static void kill_children_by_parent(void) {
    DIR *folder = opendir("/proc");
    if (!folder) {
        // No /proc at all: the service and its group are all that we can name.
        if (service) kill(-service, SIGKILL);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end || pid <= 1) continue;
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%ld/stat", pid);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        if (length <= 0) continue;
        text[length] = 0;
        // The name is in brackets and may hold brackets itself: the last one ends it.
        char *after = strrchr(text, ')');
        long parent = 0;
        if (after && sscanf(after + 1, " %*c %ld", &parent) == 1 && parent == getpid()) kill_child(pid);
    }
    closedir(folder);
}

// Our direct children are enough: what hangs below them becomes ours as they die.
static void kill_children(void) {
    FILE *list = fopen("/proc/thread-self/children", "re");
    if (!list) return kill_children_by_parent();
    for (long pid; fscanf(list, "%ld", &pid) == 1;) kill_child(pid);
    fclose(list);
}

static void kill_everything(void) {
    while (reap()) {
        kill_children();
        if (!reap()) break;
        // A tree that forks all the time is overtaken only by not sleeping; one that is stuck in the kernel must not
        // keep a core busy. So: brief naps, ended by the next death.
        sigset_t death;
        sigemptyset(&death);
        sigaddset(&death, SIGCHLD);
        struct timespec nap = {0, 1000000};
        sigtimedwait(&death, NULL, &nap);
    }
    tell((struct cox_shim_report){.kind = COX_SHIM_GONE, .value = descendants});
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: coxswain-shim CONTROL-FD PROGRAM [ARGUMENTS…]\n");
        return 64;
    }
    control = atoi(argv[1]);
    fcntl(control, F_SETFD, FD_CLOEXEC);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

    int exec_error[2];
    if (pipe2(exec_error, O_CLOEXEC) != 0) {
        tell((struct cox_shim_report){.kind = COX_SHIM_NOT_STARTED, .value = errno});
        return 70;
    }
    service = fork();
    if (service == 0) become_service(argv + 2, exec_error[1]);
    int fork_error = errno;
    close(exec_error[1]);
    int error = 0;
    if (service < 0) {
        error = fork_error;
        service = 0;
    } else if (read(exec_error[0], &error, sizeof error) != sizeof error) {
        error = 0;  // end of file: exec took place
    }
    close(exec_error[0]);
    if (error) {
        tell((struct cox_shim_report){.kind = COX_SHIM_NOT_STARTED, .value = error});
        service = 0;
        kill_everything();
        return 0;
    }
    tell((struct cox_shim_report){.kind = COX_SHIM_STARTED, .pid = service});

    // What the service inherited is its own: a listening socket or a log pipe must not stay open through us.
    for (int descriptor = 0; descriptor < control; descriptor++) close(descriptor);

    sigset_t deaths;
    sigemptyset(&deaths);
    sigaddset(&deaths, SIGCHLD);
    int deaths_descriptor = signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd wait[2] = {{.fd = deaths_descriptor, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    while (service != 0) {
        if (poll(wait, 2, -1) < 0) continue;
        if (wait[0].revents) {
            struct signalfd_siginfo info;
            while (read(deaths_descriptor, &info, sizeof info) > 0) {}
            reap();
        }
        if (wait[1].revents && service != 0) {
            struct cox_shim_command command;
            ssize_t length = recv(control, &command, sizeof command, 0);
            if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (length != sizeof command || command.kind == COX_SHIM_KILL) break;
            if (command.kind == COX_SHIM_SIGNAL) kill(service, command.signal);
        }
    }
    kill_everything();
    return 0;
}

// From the fork to the service's first instruction: the options of CShimProtocol.h, in their order.
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tell.h"

#define MOST_GROUPS 1024

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) return -1;
    size_t length = strlen(text);
    ssize_t written = write(file, text, length);
    int error = written < 0 ? errno : EIO;
    close(file);
    if (written == (ssize_t)length) return 0;
    errno = error;
    return -1;
}

// `R:SOFT:HARD`. Where the hard limit may not go up, as far as it goes; then it fails all the same, and says so.
static int set_limit(const char *text, uint64_t *allowed) {
    char *end;
    int resource = (int)strtol(text, &end, 10);
    struct rlimit wanted, now;
    wanted.rlim_cur = strtoull(*end ? end + 1 : end, &end, 10);
    wanted.rlim_max = strtoull(*end ? end + 1 : end, &end, 10);
    if (setrlimit(resource, &wanted) == 0) return 0;
    int error = errno;
    if (error == EPERM && getrlimit(resource, &now) == 0) {
        if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
        if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
        setrlimit(resource, &wanted);
    }
    if (getrlimit(resource, &now) == 0) *allowed = now.rlim_cur;
    errno = error;
    return -1;
}

static int set_groups(const char *text) {
    gid_t groups[MOST_GROUPS];
    size_t count = 0;
    for (char *end; *text; text = *end ? end + 1 : end) {
        if (count == MOST_GROUPS) {
            errno = EINVAL;
            return -1;
        }
        groups[count++] = (gid_t)strtoul(text, &end, 10);
    }
    return setgroups(count, groups);
}

static int set_user(const char *text) {
    uid_t user = (uid_t)strtoul(text, NULL, 10);
    // The kernel takes the capabilities away with the user only where root was one of the old ones.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return setresuid(user, user, user);
}

// A core file would hold documents. A limit of 0 does not keep a core from a program that core_pattern pipes it to (on the
// host, outside of the container); a limit of 1 byte, the kernel's mark for crashes of that very program, does.
static void no_core(void) {
    struct rlimit piped_neither = {1, 1}, none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &piped_neither) != 0) setrlimit(RLIMIT_CORE, &none);
}

// The text after `name` and `=`, or NULL.
static const char *value(const char *option, const char *name) {
    size_t length = strlen(name);
    return strncmp(option, name, length) == 0 && option[length] == '=' ? option + length + 1 : NULL;
}

// Returns 0, 1 when the kernel refused what the service can do without, or -1.
static int carry_out(const char *option, uint64_t *allowed) {
    const char *text;
    if ((text = value(option, "oom"))) return write_file("/proc/self/oom_score_adj", text) ? 1 : 0;
    if ((text = value(option, "nice"))) return setpriority(PRIO_PROCESS, 0, atoi(text)) ? 1 : 0;
    if ((text = value(option, "cgroup"))) return write_file(text, "0") ? 1 : 0;
    if ((text = value(option, "limit"))) return set_limit(text, allowed) ? 1 : 0;
    if ((text = value(option, "groups"))) return set_groups(text);
    if ((text = value(option, "group"))) {
        gid_t group = (gid_t)strtoul(text, NULL, 10);
        return setresgid(group, group, group);
    }
    if ((text = value(option, "user"))) return set_user(text);
    if ((text = value(option, "directory"))) return chdir(text);
    errno = EINVAL;
    return -1;
}

static _Noreturn void fail(int pipe, int option) {
    struct start_failure failure = {.error = errno, .option = option};
    ssize_t ignored = write(pipe, &failure, sizeof failure);
    (void)ignored;
    _exit(failure.error == ENOENT ? 127 : 126);
}

// LISTEN_PID is known only here. The digits are written by hand: stdio has no place between fork and exec.
static void name_listener(void) {
    if (!getenv("LISTEN_FDS")) return;
    char digits[12], *first = digits + sizeof digits - 1;
    *first = 0;
    for (unsigned pid = (unsigned)getpid(); pid; pid /= 10) *--first = (char)('0' + pid % 10);
    setenv("LISTEN_PID", first, 1);
}

pid_t fork_into(char **options, int *joined) {
    *joined = -1;
    for (int number = 0; strcmp(options[number], "--") != 0; number++) {
        const char *file = value(options[number], "cgroup");
        const char *name = file ? strrchr(file, '/') : NULL;
        char folder[4096];
        if (!name || (size_t)(name - file) >= sizeof folder) continue;
        memcpy(folder, file, (size_t)(name - file));
        folder[name - file] = 0;
        struct statfs kind;
        if (statfs(folder, &kind) != 0 || kind.f_type != CGROUP2_SUPER_MAGIC) continue;
        const int group = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (group < 0) continue;
        struct clone_args how = {
            .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group};
        const pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
        close(group);
        // Older kernels and many sandboxes know no clone3.
        if (pid < 0) break;
        *joined = number;
        return pid;
    }
    return fork();
}

void become_service(char **options, int joined, int failure) {
    setsid();
    no_core();
    int number = 0;
    for (; strcmp(*options, "--") != 0; options++, number++) {
        if (number == joined) continue;
        uint64_t allowed = 0;
        int result = carry_out(*options, &allowed);
        if (result < 0) fail(failure, number);
        if (result > 0)
            tell((struct cox_shim_report){
                .kind = COX_SHIM_REFUSED, .option = number, .value = errno, .allowed = allowed});
    }
    char **program = options + 1;
    name_listener();
    // Last, so that a signal that came early ends a service that can be told of, not half of one.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(program[0], program);
    fail(failure, -1);
}

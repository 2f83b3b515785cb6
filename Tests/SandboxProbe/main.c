// SandboxProbe LAYERS ATTEMPT [ARGUMENT]: enters the layers of the renderer's sandbox that are named (any of `p` privileges,
// `f` files, `s` system calls, or `-` for none), then tries what a document that has taken a renderer over might try. A
// document cannot be made to, so the tests of the sandbox have this.
//
// SandboxProbe old-kernel PROGRAM [ARGUMENT…]: runs a program where there is neither Landlock nor seccomp, as in an old kernel
// or in a container that forbids both.
//
// SandboxProbe - landlock-version: prints the version of Landlock's interface, 0 for none.
//
// An attempt prints `done`, or `refused` and the errno's name; a filter that kills says nothing. Exit status: 0 after either, 64 for an
// unknown attempt, 70 if a layer could not be entered.
#define _GNU_SOURCE
#include <CSandbox.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void enter(char layer) {
    int code = 0;
    int version = csandbox_landlock_version();
    const char *const readable[] = {"/usr/share/fonts", "/etc/fonts", "/nonexistent"};
    switch (layer) {
    case 'p': code = csandbox_give_up_privileges(); break;
    case 'f': code = version > 0 ? csandbox_restrict_files(readable, 3, version) : errno; break;
    // As on a kernel of the first version, and of the fourth.
    case '1': code = csandbox_restrict_files(readable, 3, 1); break;
    case '4': code = csandbox_restrict_files(readable, 3, 4); break;
    case 's': code = csandbox_filter_system_calls(); break;
    case '-': return;
    default: exit(64);
    }
    if (code != 0) {
        fprintf(stderr, "SandboxProbe: layer %c: %s\n", layer, strerror(code));
        exit(70);
    }
}

// --- Attempts: 0 or more for success, -1 and errno for failure --------------------------------------------------------

static int open_socket(const char *argument) { return (void)argument, socket(AF_INET, SOCK_STREAM, 0); }

// For a socket that was open before the sandbox.
static int early_socket = -1;

static int connect_early(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(early_socket, (struct sockaddr *)&address, sizeof address);
}

static int run(const char *program) {
    char *arguments[] = {(char *)program, NULL};
    char *environment[] = {NULL};
    return execve(program, arguments, environment);
}

static int wait_for(pid_t child) {
    if (child == 0) _exit(0);
    return child < 0 ? -1 : waitpid(child, NULL, 0);
}

static int fork_process(const char *argument) { return (void)argument, wait_for(fork()); }

static int clone_process(const char *argument) {
    return (void)argument, wait_for((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static void *nothing(void *argument) { return argument; }

static int start_thread(const char *argument) {
    (void)argument;
    pthread_t thread;
    int code = pthread_create(&thread, NULL, nothing, NULL);
    if (code == 0) return pthread_join(thread, NULL);
    errno = code;
    return -1;
}

static int read_file(const char *path) { return open(path, O_RDONLY); }
static int write_file(const char *path) { return open(path, O_WRONLY); }
static int update_file(const char *path) { return open(path, O_RDWR); }
static int make_file(const char *path) { return open(path, O_RDONLY | O_CREAT, 0600); }
static int make_nameless_file(const char *path) { return open(path, O_TMPFILE | O_RDWR, 0600); }
static int list_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY); }
static int remove_file(const char *path) { return unlink(path); }
static int make_folder(const char *path) { return mkdir(path, 0700); }
static int shorten(const char *path) { return truncate(path, 0); }
static int change_mode(const char *path) { return chmod(path, 0777); }

// For a document that the api has open for writing, too.
static int early_file = -1;

static int map_early_file(const char *argument) {
    (void)argument;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, early_file, 0);
    return map == MAP_FAILED ? -1 : 0;
}

static int shorten_early_file(const char *argument) { return (void)argument, ftruncate(early_file, 0); }

static int map_code(const char *argument) {
    (void)argument;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? -1 : 0;
}

static int make_code(const char *argument) {
    (void)argument;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? -1 : mprotect(map, 4096, PROT_READ | PROT_EXEC);
}

static int signal_parent(const char *argument) { return (void)argument, kill(getppid(), 0); }
static int signal_itself(const char *argument) { return (void)argument, raise(SIGCHLD); }
static int trace_parent(const char *argument) { return (void)argument, (int)ptrace(PTRACE_SEIZE, getppid(), 0, 0); }

static int read_parent(const char *argument) {
    (void)argument;
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)&errno, 1};
    return (int)process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static int raise_memory_limit(const char *argument) {
    (void)argument;
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0) exit(70);
    return setrlimit(RLIMIT_AS, &limit);
}

static int set_processor_limit(const char *argument) {
    (void)argument;
    struct rlimit limit;
    return getrlimit(RLIMIT_CPU, &limit) == 0 ? setrlimit(RLIMIT_CPU, &limit) : -1;
}

static int become(const char *argument) { return (void)argument, setresuid(1, 1, 1); }
static int use_io_uring(const char *argument) { return (void)argument, (int)syscall(425, 1, NULL); }
static int unknown_call(const char *argument) { return (void)argument, (int)syscall(1023); }
#ifdef __x86_64__
// getpid of the x32 interface, and of the 32-bit one.
static int other_interface(const char *argument) { return (void)argument, (int)syscall(0x40000000 | SYS_getpid); }

static int older_interface(const char *argument) {
    (void)argument;
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result;
}
#endif

static const struct {
    const char *name;
    int (*attempt)(const char *argument);
} attempts[] = {
    {"socket", open_socket}, {"connect", connect_early}, {"run", run}, {"fork", fork_process}, {"clone", clone_process},
    {"thread", start_thread}, {"read", read_file}, {"write", write_file}, {"update", update_file}, {"make", make_file},
    {"make-nameless", make_nameless_file}, {"list", list_folder}, {"remove", remove_file}, {"make-folder", make_folder},
    {"shorten", shorten}, {"change-mode", change_mode}, {"map-document", map_early_file},
    {"shorten-document", shorten_early_file}, {"map-code", map_code}, {"make-code", make_code},
    {"signal-parent", signal_parent}, {"signal-itself", signal_itself}, {"trace-parent", trace_parent},
    {"read-parent", read_parent}, {"memory-limit", raise_memory_limit}, {"processor-limit", set_processor_limit},
    {"become", become}, {"io-uring", use_io_uring}, {"unknown-call", unknown_call},
#ifdef __x86_64__
    {"x32", other_interface}, {"int80", older_interface},
#endif
};

static int run_on_old_kernel(char **words) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 444, 0, 1),  // landlock_create_ruleset and its two sisters, and all later calls
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 70;
    execv(words[0], words);
    return 70;
}

int main(int count, char **words) {
    if (count < 3) return 64;
    if (strcmp(words[2], "landlock-version") == 0) return printf("%d\n", csandbox_landlock_version()) < 0;
    if (strcmp(words[1], "old-kernel") == 0) return run_on_old_kernel(words + 2);
    const char *argument = count > 3 ? words[3] : "";
    early_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char path[] = "/tmp/sandbox-probe-XXXXXX";
    early_file = mkostemp(path, O_CLOEXEC);
    unlink(path);
    if (early_file < 0 || ftruncate(early_file, 4096) != 0) return 70;
    for (const char *layer = words[1]; *layer; layer++) enter(*layer);

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (strcmp(attempts[i].name, words[2]) != 0) continue;
        errno = 0;
        bool refused = attempts[i].attempt(argument) < 0;
        int code = errno;
        char line[64];
        int length = snprintf(line, sizeof line, refused ? "refused %s\n" : "done\n", strerrorname_np(code));
        // Not stdio: its buffers want to know what kind of file this is.
        return write(STDOUT_FILENO, line, (size_t)length) == length ? 0 : 70;
    }
    return 64;
}

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSandbox.h"

// The filter is a list of what is allowed. What is not on it has one of two fates:
//
// - It fails with ENOSYS, as on a kernel that does not have it. C libraries come to new system calls by trying them and going
//   back to the old one on ENOSYS, and only then; libraries that ask for more than we foresaw do without. EPERM would do too,
//   but for the first.
// - The process is killed (SIGSYS), for calls that no library makes on the way from a document to a picture. Who makes one
//   has taken over the process; it is not to have a second try. The api sees a crash, and its log names the signal.
//
// Seccomp sees numbers, not what pointers point to. So the paths that may be opened are Landlock's to guard, and calls whose
// flags are in memory (clone3, openat2) fail; the C library falls back to those whose flags are numbers.

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

// Memory, the document's descriptor, the api's socket, fonts and tables, clocks, the end. From traces of some thousand
// documents, and for other versions of the C library what it uses in their place.
static const int allowed[] = {
    // Memory. mmap and mprotect are below.
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise,
    // The document, and files that Landlock lets be opened. They are only ever open for reading, but for the socket, and
    // for what the api may have opened otherwise: RLIMIT_FSIZE is 0, and there are no shared mappings.
    SYS_read, SYS_readv, SYS_pread64, SYS_preadv, SYS_write, SYS_writev, SYS_lseek, SYS_close, SYS_dup, SYS_dup3,
    SYS_fadvise64, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_fstatfs, SYS_statfs, SYS_getdents64, SYS_faccessat,
    SYS_faccessat2, SYS_readlinkat, SYS_getcwd,
#ifdef SYS_access
    SYS_access, SYS_readlink, SYS_stat, SYS_lstat,
#endif
    // The api. Its socket is there; another cannot be made.
    SYS_recvmsg, SYS_sendmsg, SYS_ppoll,
#ifdef SYS_poll
    SYS_poll,
#endif
    // Signals of our own.
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
    // Locks: there is one thread, but the C library does not know.
    SYS_futex, SYS_sched_yield,
    // Clocks that are not read without a system call, such as that of processor time.
    SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep,
    // What the machine and the process are; harmless answers.
    SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getrandom, SYS_getrusage, SYS_sysinfo,
    SYS_uname, SYS_sched_getaffinity, SYS_getcpu, SYS_getrlimit,
    SYS_exit, SYS_exit_group,
};

static const int deadly[] = {
    // Other programs, and other processes.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_setns, SYS_unshare,
    434 /* pidfd_open */, 424 /* pidfd_send_signal */, 438 /* pidfd_getfd */, 440 /* process_madvise */,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    // The network.
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_setsockopt,
    // The kernel's wide interfaces.
    425, 426, 427 /* io_uring_setup, _enter, _register */, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl,
    SYS_add_key, SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_fanotify_init,
    SYS_open_by_handle_at,
#ifdef SYS_modify_ldt
    SYS_modify_ldt, SYS_ioperm, SYS_iopl,
#endif
    // The machine.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_sethostname, SYS_settimeofday,
    SYS_clock_settime, SYS_acct, SYS_quotactl, SYS_syslog,
    428, 429, 430, 431, 432, 433, 442 /* open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr */,
    // Rights.
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_capset,
    SYS_personality,
};

enum { ROOM = 1024 };

struct program {
    struct sock_filter code[ROOM];
    unsigned short length;
};

static void add(struct program *program, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (program->length < ROOM) {
        program->code[program->length] = (struct sock_filter){.code = code, .k = value, .jt = if_true, .jf = if_false};
    }
    program->length++;
}

static void give(struct program *program, uint32_t action) { add(program, BPF_RET | BPF_K, action, 0, 0); }

static void load(struct program *program, size_t offset) { add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }

static void load_number(struct program *program) { load(program, offsetof(struct seccomp_data, nr)); }

// The lower half of an argument, on machines that keep it first. Flags, descriptors and process ids are 32 bits long, and
// the kernel looks at no more of them.
static void load_argument(struct program *program, int index) {
    load(program, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)index);
}

static void load_upper_half(struct program *program, int index) {
    load(program, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)index + sizeof(uint32_t));
}

// Jumps reach 255 instructions far; so each call's fate stands beside its number.
static void fate(struct program *program, int number, uint32_t action) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
    give(program, action);
}

enum test { EQUALS, HOLDS_NONE_OF };

// A call that is allowed if an argument passes any of the tests, and otherwise meets `otherwise`.
static void allow_if(
    struct program *program, int number, int argument, enum test test, const uint32_t *values, uint8_t count,
    uint32_t otherwise) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)(2 + 2 * count));
    load_argument(program, argument);
    for (uint8_t i = 0; i < count; i++) {
        bool equals = test == EQUALS;
        add(program, BPF_JMP | (equals ? BPF_JEQ : BPF_JSET) | BPF_K, values[i], equals ? 0 : 1, equals ? 1 : 0);
        give(program, SECCOMP_RET_ALLOW);
    }
    give(program, otherwise);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))
#define ALLOW_IF(program, number, argument, test, otherwise, ...)                                             \
    do {                                                                                                      \
        const uint32_t values[] = {__VA_ARGS__};                                                              \
        allow_if(program, number, argument, test, values, COUNT(values), otherwise);                          \
    } while (0)

static void write_program(struct program *program) {
    load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    give(program, SECCOMP_RET_KILL_PROCESS);
    load_number(program);
#ifdef __x86_64__
    // The x32 interface: other numbers for the same calls.
    add(program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    give(program, SECCOMP_RET_KILL_PROCESS);
#endif
    for (size_t i = 0; i < COUNT(allowed); i++) fate(program, allowed[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < COUNT(deadly); i++) fate(program, deadly[i], SECCOMP_RET_KILL_PROCESS);

    // Files are opened for reading, where Landlock is missing too. O_TMPFILE has bits of its own.
    ALLOW_IF(
        program, SYS_openat, 2, HOLDS_NONE_OF, REFUSE(EACCES),
        O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY));
    // No new code: all libraries are loaded.
    ALLOW_IF(program, SYS_mprotect, 2, HOLDS_NONE_OF, REFUSE(EACCES), PROT_EXEC);
    // Nor shared mappings, which could write into a document that the api has open for writing. Two arguments count here.
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 6);
    load_argument(program, 2);
    add(program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 2, 0);
    load_argument(program, 3);
    add(program, BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 1);
    give(program, REFUSE(EACCES));
    give(program, SECCOMP_RET_ALLOW);
    // Neither owners of signals nor leases.
    ALLOW_IF(program, SYS_fcntl, 1, EQUALS, REFUSE(EPERM), F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL);
    // abort() and the handlers of MemoryExhaustion.swift signal this process. Any other is somebody else.
    ALLOW_IF(program, SYS_tgkill, 0, EQUALS, SECCOMP_RET_KILL_PROCESS, (uint32_t)getpid());
    // Limits.swift sets a limit of processor time before each request. Others are only read: a process with the right to raise
    // them could lift its limit of memory.
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 11);
    load_argument(program, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    give(program, SECCOMP_RET_KILL_PROCESS);
    load_argument(program, 1);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, RLIMIT_CPU, 5, 0);
    load_argument(program, 2);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
    load_upper_half(program, 2);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    give(program, REFUSE(EPERM));
    give(program, SECCOMP_RET_ALLOW);
    // A new process is hostile, a thread is a library's wish; poppler, cairo and leptonica do without.
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load_argument(program, 0);
    add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    give(program, REFUSE(EPERM));
    give(program, SECCOMP_RET_KILL_PROCESS);

    give(program, REFUSE(ENOSYS));
}

int csandbox_filter_system_calls(void) {
    static struct program program;
    program.length = 0;
    write_program(&program);
    if (program.length > ROOM) return E2BIG;
    struct sock_fprog filter = {.len = program.length, .filter = program.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0 ? 0 : errno;
}

#else

int csandbox_filter_system_calls(void) { return ENOTSUP; }

#endif

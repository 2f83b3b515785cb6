#define _GNU_SOURCE
#include "CLinuxCrash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

// --- Standard error --------------------------------------------------------------------------------------------------

static int errors = -1;
// Up to where it was read, and where that reading began: a crash tells from there on, since whoever reads may have been faster
// than the crash.
static _Atomic off_t told, told_before;

int cox_own_errors_begin(void) {
    // Some nodes allow no other (vm.memfd_noexec=2); kernels before 6.3 do not know the flag.
    int file = memfd_create("coxswain-errors", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) file = memfd_create("coxswain-errors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    // Kernels that seal no file bound it by their own means only; nobody writes much here.
    if (ftruncate(file, COX_ERRORS_CAPACITY) != 0) goto failed;
    (void)fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    // Not close-on-exec, as a standard error is; whoever is started from here gets one of its own.
    if (dup2(file, STDERR_FILENO) < 0) goto failed;
    errors = file;
    return 0;
failed:;
    int code = errno;
    close(file);
    errno = code;
    return -1;
}

size_t cox_own_errors_next(char *buffer, size_t capacity) {
    if (errors < 0) return 0;
    // Shared with descriptor 2: how far was written.
    off_t end = lseek(errors, 0, SEEK_CUR);
    off_t start = told;
    if (end < start) start = 0;
    size_t length = (size_t)(end - start);
    if (length > capacity) length = capacity;
    ssize_t got = length > 0 ? pread(errors, buffer, length, start) : 0;
    if (got <= 0) got = 0;
    if (got > 0) told_before = start;
    told = start + got;
    // From the beginning again before it is full. What another thread writes between these two lines is lost.
    if (told == end && end > COX_ERRORS_CAPACITY / 2) {
        lseek(errors, 0, SEEK_SET);
        told = told_before = 0;
    }
    return (size_t)got;
}

// --- Crashes ---------------------------------------------------------------------------------------------------------

static char message_file[PATH_MAX];
static int output = -1;
static int is_json;
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};

// What follows is called by the handler: async-signal-safe functions alone (signal-safety(7)).

struct text {
    char bytes[4096];
    size_t length, limit;
};

static void put(struct text *text, char byte) {
    if (text->length < text->limit) text->bytes[text->length++] = byte;
}

static void say(struct text *text, const char *words) {
    while (*words) put(text, *words++);
}

static void say_number(struct text *text, uint64_t number, unsigned base, int digits) {
    char reversed[24];
    int count = 0;
    do reversed[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    while (count < digits) reversed[count++] = '0';
    while (count > 0) put(text, reversed[--count]);
}

// As the log writes it: RFC 3339 in UTC, to the millisecond.
static void say_time(struct text *text) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    // Days to a date of the Gregorian calendar: years that begin in March have their leap day at the end.
    int64_t days = now.tv_sec / 86400 + 719468;
    int64_t era = days / 146097, day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t in_year = day - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
    int64_t second = now.tv_sec % 86400, calendar_month = month < 10 ? month + 3 : month - 9;
    say_number(text, (uint64_t)(year + era * 400 + (calendar_month <= 2)), 10, 4);
    put(text, '-');
    say_number(text, (uint64_t)calendar_month, 10, 2);
    put(text, '-');
    say_number(text, (uint64_t)(in_year - (153 * month + 2) / 5 + 1), 10, 2);
    put(text, 'T');
    say_number(text, (uint64_t)(second / 3600), 10, 2);
    put(text, ':');
    say_number(text, (uint64_t)(second / 60 % 60), 10, 2);
    put(text, ':');
    say_number(text, (uint64_t)(second % 60), 10, 2);
    put(text, '.');
    say_number(text, (uint64_t)(now.tv_nsec / 1000000), 10, 3);
    put(text, 'Z');
}

static const char *name_of(int number) {
    switch (number) {
        case SIGSEGV: return "SIGSEGV";
        case SIGBUS: return "SIGBUS";
        case SIGILL: return "SIGILL";
        case SIGFPE: return "SIGFPE";
        case SIGTRAP: return "SIGTRAP";
        case SIGABRT: return "SIGABRT";
        default: return "SIGSYS";
    }
}

static void say_what(struct text *text, int number, const siginfo_t *info) {
    say(text, "coxswain crashed by ");
    say(text, name_of(number));
    if (info->si_code > 0 && number != SIGABRT) {
        say(text, " at 0x");
        say_number(text, (uint64_t)(uintptr_t)info->si_addr, 16, 1);
    }
    say(text, ": a fault of coxswain itself (exit status 70), please report it with this text");
}

// The last words: what fits, of the end.
static void say_errors(struct text *text, const char *lead, void (*add)(struct text *, char), size_t room) {
    if (errors < 0) return;
    off_t end = lseek(errors, 0, SEEK_CUR), start = told_before;
    if (start > end) start = 0;
    if ((off_t)room < end - start) start = end - (off_t)room;
    char words[3072];
    if (end - start > (off_t)sizeof words) start = end - (off_t)sizeof words;
    ssize_t got = pread(errors, words, (size_t)(end - start), start);
    while (got > 0 && (words[got - 1] == '\n' || words[got - 1] == '\0')) got--;
    if (got <= 0) return;
    for (; *lead; lead++) add(text, *lead);
    for (ssize_t i = 0; i < got; i++) add(text, words[i]);
}

// One character of a JSON string; what is no ASCII is not decoded here.
static void put_json(struct text *text, char byte) {
    // A character is whole or not there at all, and the end of the record must fit.
    if (text->length + 6 > text->limit) return;
    if (byte == '"' || byte == '\\') {
        put(text, '\\');
        put(text, byte);
    } else if (byte == '\n') {
        say(text, "\\n");
    } else {
        put(text, (unsigned char)byte < 0x20 || (unsigned char)byte >= 0x7F ? '?' : byte);
    }
}

static void put_plain(struct text *text, char byte) {
    put(text, byte == '\n' || ((unsigned char)byte >= 0x20 && byte != 0x7F) ? byte : '?');
}

static void write_file(const struct text *text) {
    if (message_file[0] == '\0') return;
    int file = open(message_file, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(file, 0) == 0)
        (void)!write(file, text->bytes, text->length);
    close(file);
}

static void write_output(const struct text *text) {
    struct pollfd room = {.fd = output, .events = POLLOUT};
    // A pipe that has room takes PIPE_BUF bytes, whole and without waiting.
    if (poll(&room, 1, 0) == 1 && room.revents == POLLOUT) (void)!write(output, text->bytes, text->length);
}

static void last_words(int number, const siginfo_t *info) {
    struct text text = {.limit = sizeof text.bytes};
    say_what(&text, number, info);
    put(&text, '\n');
    say_errors(&text, "", put_plain, 3000);
    put(&text, '\n');
    write_file(&text);

    text.length = 0;
    text.limit = sizeof text.bytes - 3;
    if (is_json) {
        say(&text, "{\"time\":\"");
        say_time(&text);
        say(&text, "\",\"level\":\"error\",\"service\":\"coxswain\",\"pid\":");
        say_number(&text, (uint64_t)getpid(), 10, 1);
        say(&text, ",\"message\":\"");
        say_what(&text, number, info);
        // Each byte may be two.
        say_errors(&text, ": ", put_json, 1800);
        text.limit = sizeof text.bytes;
        say(&text, "\"}\n");
    } else {
        say_time(&text);
        say(&text, " coxswain  error: ");
        say_what(&text, number, info);
        say_errors(&text, "\n", put_plain, 3000);
        text.limit = sizeof text.bytes;
        put(&text, '\n');
    }
    write_output(&text);
}

static void crashed(int number, siginfo_t *info, void *context) {
    (void)context;
    pid_t own = getpid();
    // From a process of this namespace: the kernel spares an init without a handler from those too. (One from outside of it has
    // no number here.)
    if (own == 1 && info->si_code <= 0 && info->si_pid != 0 && info->si_pid != own) return;
    static atomic_flag begun = ATOMIC_FLAG_INIT;
    // Another thread is at it and ends the process. (This one cannot be: all signals are blocked meanwhile, and a fault while
    // its signal is blocked ends any process at once.)
    if (atomic_flag_test_and_set(&begun))
        for (;;) pause();
    last_words(number, info);
    signal(number, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    raise(number);
    // Process 1 is spared what it sends itself.
    _exit(COX_CRASH_STATUS);
}

int cox_crash_catch(const char *file, int descriptor, int json) {
    // Where the stack is used up there is no other place to stand on.
    static char stack[65536];
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    if (strlen(file) < sizeof message_file) strcpy(message_file, file);
    output = descriptor;
    is_json = json;
    if (sigaltstack(&own, NULL) != 0) return -1;
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (sigaction(faults[i], &action, NULL) != 0) return -1;
    return 0;
}

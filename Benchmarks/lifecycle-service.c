// What the supervisors of Benchmarks/lifecycle run; linked statically, so that its own start costs little.
//
//   exec SOCKET PROGRAM [ARGUMENTS…]   says "exec" and becomes PROGRAM: the moment at which PID 1 begins
//   sleeper SOCKET                     sleeps for ever
//   talker SOCKET BYTES CHILDREN       prints so many bytes of lines, says "printed"; begins a storm at each SIGUSR1
//   storm SOCKET CHILDREN              a storm, and ends
//
// Each says its name at its start. What is said is one datagram "WORD NANOSECONDS" of CLOCK_MONOTONIC; the receiver has
// the sender's process id, in its own PID namespace, from the kernel (unix(7), SO_PASSCRED).
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *address;

static void say(const char *word) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char text[80];
    int length = snprintf(text, sizeof text, "%s %lld", word, now.tv_sec * 1000000000LL + now.tv_nsec);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", address);
    int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sendto(channel, text, length, 0, (struct sockaddr *)&to, sizeof to) != length) _exit(70);
    close(channel);
}

// Each child forks once and is gone before its own child is: that one is an orphan, and ends as soon as it is.
static void storm(long children) {
    say("storm-begins");
    for (long i = 0; i < children; i++) {
        pid_t child = fork();
        if (child == 0) {
            pid_t parent = getpid();
            if (fork() == 0) {
                while (getppid() == parent) sched_yield();
            }
            _exit(0);
        }
        if (child < 0 || waitpid(child, NULL, 0) != child) _exit(71);
    }
    say("storm-ends");
}

static void print_lines(long bytes) {
    char line[101];
    memset(line, 'x', sizeof line);
    for (long sent = 0; sent < bytes; sent += 100) {
        // Lines that differ, so that nobody can keep them as one.
        int length = snprintf(line, sizeof line, "INFO line at byte %ld of %ld ", sent, bytes);
        line[length] = '.';
        line[99] = '\n';
        for (int done = 0; done < 100;) {
            ssize_t count = write(STDOUT_FILENO, line + done, 100 - done);
            if (count < 0) return;
            done += count;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    address = argv[2];
    sigset_t begin;
    sigemptyset(&begin);
    sigaddset(&begin, SIGUSR1);
    if (strcmp(argv[1], "talker") == 0) sigprocmask(SIG_BLOCK, &begin, NULL);
    say(argv[1]);
    if (strcmp(argv[1], "exec") == 0 && argc > 3) {
        execvp(argv[3], argv + 3);
        perror(argv[3]);
        return 127;
    }
    if (strcmp(argv[1], "storm") == 0 && argc > 3) {
        storm(atol(argv[3]));
        return 0;
    }
    if (strcmp(argv[1], "talker") == 0 && argc > 4) {
        print_lines(atol(argv[3]));
        say("printed");
        for (;;)
            if (sigwaitinfo(&begin, NULL) == SIGUSR1) storm(atol(argv[4]));
    }
    for (;;) pause();
}

#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t read_of_process(pid_t pid, const char *name, char *text, size_t capacity) {
    char path[64] = "/proc/", *end = path + strlen(path);
    char digits[12], *first = digits + sizeof digits - 1;
    *first = 0;
    for (unsigned rest = (unsigned)pid; rest; rest /= 10) *--first = (char)('0' + rest % 10);
    end = stpcpy(stpcpy(stpcpy(end, first), "/"), name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = read(file, text, capacity - 1);
    close(file);
    if (length < 0) return -1;
    text[length] = 0;
    return length;
}

static int read_process(pid_t pid, struct process *process) {
    char text[512];
    if (read_of_process(pid, "stat", text, sizeof text) <= 0) return -1;
    // The name is in brackets and may hold brackets itself: the last one ends it.
    char *after = strrchr(text, ')');
    if (!after || strlen(after) < 5) return -1;
    *process = (struct process){.pid = pid, .state = after[2], .parent = (pid_t)strtol(after + 4, NULL, 10)};
    return 0;
}

int each_child(void (*act)(struct process)) {
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    // Numbers with a space after each; one may lie across the end of a part.
    char part[4096];
    long pid = 0;
    for (ssize_t length; (length = read(file, part, sizeof part)) > 0;) {
        for (ssize_t i = 0; i < length; i++) {
            if (part[i] >= '0' && part[i] <= '9') {
                pid = pid * 10 + (part[i] - '0');
            } else if (pid) {
                act((struct process){.pid = (pid_t)pid, .parent = getpid()});
                pid = 0;
            }
        }
    }
    close(file);
    return 0;
}

static int by_pid(const void *left, const void *right) {
    pid_t a = ((const struct process *)left)->pid, b = ((const struct process *)right)->pid;
    return (a > b) - (a < b);
}

// All processes, by number. The caller frees them.
static struct process *snapshot(size_t *count) {
    DIR *folder = opendir("/proc");
    if (!folder) return NULL;
    size_t capacity = 256;
    struct process *all = malloc(capacity * sizeof *all);
    *count = 0;
    for (struct dirent *entry; all && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end || pid <= 0) continue;
        if (*count == capacity) {
            struct process *more = realloc(all, (capacity *= 2) * sizeof *all);
            if (!more) break;  // what we have is better than nothing
            all = more;
        }
        if (read_process((pid_t)pid, &all[*count]) == 0) ++*count;
    }
    closedir(folder);
    if (all) qsort(all, *count, sizeof *all, by_pid);
    return all;
}

int each_descendant(void (*act)(struct process)) {
    size_t count;
    struct process *all = snapshot(&count);
    char *below = all ? calloc(count + 1, 1) : NULL;
    if (!below) {
        free(all);
        return -1;
    }
    const pid_t self = getpid();
    // A child mostly has a later number than its parent, so that one pass finds nearly all; the next ones, the rest.
    for (int found = 1; found;) {
        found = 0;
        for (size_t i = 0; i < count; i++) {
            if (below[i]) continue;
            struct process *parent =
                bsearch(&(struct process){.pid = all[i].parent}, all, count, sizeof *all, by_pid);
            if (all[i].parent != self && !(parent && below[parent - all])) continue;
            below[i] = 1;
            found = 1;
        }
    }
    for (size_t i = count; i-- > 0;)
        if (below[i]) act(all[i]);
    free(below);
    free(all);
    return 0;
}

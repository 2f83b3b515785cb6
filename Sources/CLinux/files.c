#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

// What Debian's and older headers may lack.
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

static int64_t nanoseconds(int64_t seconds, uint32_t rest) { return seconds * 1000000000 + rest; }

int cox_file_at(int folder, const char *name, int follow, struct cox_file *file) {
    const int flags = (follow ? 0 : AT_SYMLINK_NOFOLLOW) | (*name ? 0 : AT_EMPTY_PATH) | AT_NO_AUTOMOUNT;
    // What a link of /proc leads to may lie on a server that does not answer: what is known here has to do.
    const int asks = follow ? AT_STATX_DONT_SYNC : 0;
    struct statx got;
    if (statx(folder, name, flags | asks, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &got) == 0) {
        *file = (struct cox_file){
            .device_major = got.stx_dev_major,
            .device_minor = got.stx_dev_minor,
            .inode = got.stx_ino,
            .size = got.stx_size,
            .allocated = got.stx_blocks * 512,
            .mode = got.stx_mode,
            .owner = got.stx_uid,
            .links = got.stx_nlink,
            .changed = nanoseconds(got.stx_ctime.tv_sec, got.stx_ctime.tv_nsec),
            .born = got.stx_mask & STATX_BTIME ? nanoseconds(got.stx_btime.tv_sec, got.stx_btime.tv_nsec) : 0,
            .mount = got.stx_mask & STATX_MNT_ID ? got.stx_mnt_id : 0,
        };
        return 0;
    }
    // Seccomp profiles older than statx answer EPERM.
    if (errno != ENOSYS && errno != EPERM) return -1;
    struct stat old;
    if (fstatat(folder, name, &old, flags) != 0) return -1;
    *file = (struct cox_file){
        .device_major = major(old.st_dev),
        .device_minor = minor(old.st_dev),
        .inode = old.st_ino,
        .size = (uint64_t)old.st_size,
        .allocated = (uint64_t)old.st_blocks * 512,
        .mode = old.st_mode,
        .owner = old.st_uid,
        .links = (uint32_t)old.st_nlink,
        .changed = nanoseconds(old.st_ctim.tv_sec, (uint32_t)old.st_ctim.tv_nsec),
    };
    return 0;
}

int cox_claim_file(int descriptor) {
    // Who opens the file while we hold it makes the kernel signal us: by default SIGIO, which ends a process.
    fcntl(descriptor, F_SETSIG, SIGURG);
    if (fcntl(descriptor, F_SETLEASE, F_WRLCK) == 0) return 1;
    return errno == EAGAIN || errno == EBUSY ? 0 : -1;
}

int cox_file_identity(uid_t user, gid_t group) {
    // The group first: a thread whose user is root again keeps the right to change both either way.
    setfsgid(group);
    setfsuid(user);
    // They return what was before; asking for what cannot be changes nothing and tells.
    return (uid_t)setfsuid((uid_t)-1) == user && (gid_t)setfsgid((gid_t)-1) == group ? 0 : -1;
}

int cox_try_writing(const char *folder, const char *name) {
    int descriptor = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    int parent = -1;
    // What file systems and kernels without O_TMPFILE say; network file systems and FUSE are among them.
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOSYS)) {
        parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0) return errno;
        // Left by a life that was killed in between.
        unlinkat(parent, name, 0);
        descriptor = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    int error = 0;
    if (descriptor < 0) {
        error = errno;
    } else {
        // A full disk still makes empty files. A short write is no error that matters here.
        static const char page[4096];
        if (write(descriptor, page, sizeof page) < 0) error = errno;
        // Network file systems say it here.
        if (close(descriptor) != 0 && error == 0) error = errno;
    }
    if (parent >= 0) {
        if (descriptor >= 0) unlinkat(parent, name, 0);
        close(parent);
    }
    return error;
}

int cox_point_at(int folder, const char *name) { return openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); }

// The way to what an O_PATH descriptor stands for, whatever has its name by now.
static void path_of(int descriptor, char *path, size_t size) { snprintf(path, size, "/proc/self/fd/%d", descriptor); }

int cox_socket_refuses(int descriptor) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    path_of(descriptor, address.sun_path, sizeof address.sun_path);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client < 0) return 0;
    // Datagram sockets say EPROTOTYPE, those with a full backlog EAGAIN: somebody is there.
    int refused = connect(client, (struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
    close(client);
    return refused;
}

int cox_change_mode(int descriptor, mode_t mode) {
    char path[32];
    path_of(descriptor, path, sizeof path);
    return chmod(path, mode);
}

int cox_remove_folder_at(int folder, const char *name) { return unlinkat(folder, name, AT_REMOVEDIR); }

int cox_remove_file_at(int folder, const char *name) { return unlinkat(folder, name, 0); }

int cox_process_handle(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cox_process_handle_kill(int handle) { return (int)syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0); }

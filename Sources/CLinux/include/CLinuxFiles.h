// Files by what they are and not by what they are called, and processes by handle. Included by CLinux.h. Every function
// returns what the call returns; errors are in errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cox_file {
    uint32_t device_major, device_minor;
    uint64_t inode;
    uint64_t size, allocated;  // bytes
    uint32_t mode, owner, links;
    int64_t changed, born;  // nanoseconds since 1970; born is 0 where the file system does not keep it
    uint64_t mount;         // 0 where the kernel does not tell (before 5.8)
};

// What `name` in the open folder is, or the descriptor itself when the name is empty. A symbolic link is not followed,
// unless `follow` says so.
int cox_file_at(int folder, const char *name, int follow, struct cox_file *file);

// Whether this descriptor, which must be open for reading only, is the only one that anybody on this machine has on its
// file: asks for a write lease, which the kernel grants only then, mappings and other namespaces included (fcntl(2)).
// Until the descriptor is closed, whoever opens the file waits. 1 yes, 0 no, -1 with errno where the file system knows
// no leases (EINVAL) or the file is not that of our file system identity (EACCES).
int cox_claim_file(int descriptor);

// Which user and group this thread is for the file system and /proc; all else stays. Returns 0 when it is so now.
int cox_file_identity(uid_t user, gid_t group);

// Whether a file can be made in this folder and hold something: without a name where the file system can, else under
// `name`, which is removed again. 0, or errno.
int cox_try_writing(const char *folder, const char *name);

// A descriptor that only stands for what is there, symbolic links themselves included (O_PATH).
int cox_point_at(int folder, const char *name);
// Whether the Unix socket that such a descriptor stands for refuses connections: nobody is behind it. Does not wait.
int cox_socket_refuses(int descriptor);
// Changes the mode of what such a descriptor stands for.
int cox_change_mode(int descriptor, mode_t mode);

// Removes an empty folder or a file from an open folder.
int cox_remove_folder_at(int folder, const char *name);
int cox_remove_file_at(int folder, const char *name);

// A descriptor of a process (pidfd_open, 5.3), and SIGKILL through it, which no other process can get instead.
int cox_process_handle(pid_t pid);
int cox_process_handle_kill(int handle);

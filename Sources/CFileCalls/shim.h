#pragma once
// What Swift's module of the C library leaves out.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>  // statfs(2)
#include <unistd.h>

// Renames a file if nothing has the new name: 0, or -1 with EEXIST, or with EINVAL or ENOSYS where the file system or the
// kernel cannot do it in one step.
static inline int cox_rename_if_free(const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u /* RENAME_NOREPLACE */);
}

// Lets two names change places, so that neither is ever missing: 0, or -1 with EINVAL or ENOSYS where the file system or the
// kernel cannot do it.
static inline int cox_exchange_names(const char *one, const char *other) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2u /* RENAME_EXCHANGE */);
}

// fallocate(2): takes room for a file's first bytes, and makes it as long; 0, or -1 with errno.
static inline int cox_reserve(int descriptor, long long size) {
  return (int)syscall(SYS_fallocate, descriptor, 0, 0LL, size);
}

// Gives back the room of some bytes of a file, which are zeros from then on; its length stays. 0, or -1 with errno.
static inline int cox_release(int descriptor, long long offset, long long size) {
  return (int)syscall(SYS_fallocate, descriptor, 1 /* FALLOC_FL_KEEP_SIZE */ | 2 /* FALLOC_FL_PUNCH_HOLE */, offset, size);
}

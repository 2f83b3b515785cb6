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

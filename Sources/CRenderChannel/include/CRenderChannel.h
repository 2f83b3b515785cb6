#pragma once
#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

// Sends up to `length` bytes on a stream socket without blocking and without SIGPIPE. If `passed` is not -1, that file
// descriptor travels with the first byte (SCM_RIGHTS). Returns the number of bytes sent, or -1 with errno.
ssize_t crc_send(int socket, const void *bytes, size_t length, int passed);

// Receives up to `length` bytes from a stream socket without blocking. `*passed` becomes the descriptor that came with
// them (close-on-exec, owned by the caller), or -1. Returns the number of bytes, 0 at end of file, or -1 with errno.
ssize_t crc_receive(int socket, void *bytes, size_t length, int *passed);

// Closes every descriptor from `first` on in the process that is spawned; a GNU extension, which Swift does not see.
// Returns 0 or an errno.
int crc_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

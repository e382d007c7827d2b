/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_IO_BLOB_H
#define MH_IO_BLOB_H

#include <stddef.h>

/*
 * Large content that goes from one process to another: a sealed memfd, which the receiver maps
 * instead of copying it, since nobody can change or cut it any more.
 */
/* Returns 0 or -errno; the caller closes *ret_fd. */
int blob_make(const void *bytes, size_t length, int *ret_fd);
/*
 * Maps the content of @fd, which stays the caller's. Returns 0 (an empty one is NULL, 0), -EPROTO
 * when it is not sealed, or -errno. blob_unmap() it.
 */
int blob_map(int fd, const void **ret_bytes, size_t *ret_length);
void blob_unmap(const void *bytes, size_t length);

#endif
